/** A delegation by which, in the cloud, one service acts in another. */
export interface Agency {
  readonly name: string;
  /** 32 hex digits, the same in all installations: nothing depends on it. */
  readonly id: string;
}

/**
 * The agencies that the cloud creates for rotated secrets. Here the server calls the rotation webhook itself and
 * delegates nothing, so these are names without effect. @see API operation CreateAgency
 */
export const AGENCIES: readonly Agency[] = Object.freeze([
  { name: 'CSMSAccessFunctionGraph', id: '1'.padStart(32, '0') },
  { name: 'FunctionGraphAgencyForRotateRDSByCSMSV3', id: '2'.padStart(32, '0') },
]);
