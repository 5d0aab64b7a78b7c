/** By operator, then by condition key: the values, of which one must fit. */
export type PolicyConditions = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** One statement, with the vendor's own member names; an absent list is undefined. */
export interface PolicyStatement {
  readonly Sid: string | undefined;
  readonly Effect: 'Allow' | 'Deny';
  /** Exactly one of Action and NotAction is present. */
  readonly Action: readonly string[] | undefined;
  readonly NotAction: readonly string[] | undefined;
  /** At most one of Resource and NotResource is present; neither means all. */
  readonly Resource: readonly string[] | undefined;
  readonly NotResource: readonly string[] | undefined;
  readonly Condition: PolicyConditions | undefined;
}

/** A checked policy document: 1.1 is a role policy, 5.0 an identity policy. @see IAM user guide, policy syntax */
export interface PolicyDocument {
  readonly Version: '1.1' | '5.0';
  readonly Statement: readonly PolicyStatement[];
}
