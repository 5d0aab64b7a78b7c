import { OPERATIONS, type OperationId } from '../core/operations.ts';

/** What makes a route an operation: the part of its schema that names and describes it in the OpenAPI document. */
export function operation(operationId: OperationId, summary: string) {
  return { operationId, tags: [OPERATIONS[operationId].tag], summary };
}
