/** A delegation by which, in the cloud, one service acts in another. */
export interface Agency {
  readonly name: string;
  /** 32 hex digits, the same in all installations: nothing hangs on it. */
  readonly id: string;
}

/**
 * The agencies that the cloud makes for rotated secrets. Here the server calls the rotation webhook itself and there is
 * nothing to delegate, so these are names without an effect. @see API operation CreateAgency
 */
export const AGENCIES: readonly Agency[] = Object.freeze([
  { name: 'CSMSAccessFunctionGraph', id: '1'.padStart(32, '0') },
  { name: 'FunctionGraphAgencyForRotateRDSByCSMSV3', id: '2'.padStart(32, '0') },
]);
