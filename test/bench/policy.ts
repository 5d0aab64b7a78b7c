import { actionOf } from '../../src/core/policy/actions.ts';
import { decide } from '../../src/core/policy/decide.ts';
import type { PolicyDocument, PolicyStatement } from '../../src/core/policy/document.ts';
import { createFacts } from '../../src/core/policy/facts.ts';
import { createPolicies } from '../../src/core/policy/policies.ts';

const WARM_UP = 200_000;
const DECISIONS = 2_000_000;
const CONTEXT = {
  caller: { userId: 'u1', userName: 'ann', domainId: 'd1', domainName: 'acme' },
  projectName: 'north',
  region: 'local-1',
  address: '10.1.2.3',
  userAgent: 'sdk/1.0',
  isSecure: true,
  tokenIssuedAtMs: undefined,
  nowMs: 1_769_860_800_000,
};
const NONE = {
  Sid: undefined,
  NotAction: undefined,
  Resource: undefined,
  NotResource: undefined,
  Condition: undefined,
};

const allow = (more: Partial<PolicyStatement> = {}): PolicyStatement => ({
  ...NONE,
  Effect: 'Allow',
  Action: ['csms:*:*'],
  ...more,
});
const prefixes = Array.from({ length: 10 }, (_, index) =>
  allow({ Resource: [`csms:*:*:secretName:app-${index}-*`] }),
);
const CASES: Readonly<Record<string, readonly PolicyStatement[]>> = {
  'allow all': [allow()],
  'ten resource prefixes, the last fits': prefixes,
  'ten resource prefixes and a Deny': [
    ...prefixes,
    allow({ Effect: 'Deny', Resource: ['csms:*:*:secretName:*-root'] }),
  ],
  'conditions on user, address and TLS': [
    allow({
      Condition: {
        StringEquals: { 'g:UserName': ['bob', 'ann'] },
        IpAddress: { 'g:SourceIp': ['192.168.0.0/16', '10.0.0.0/8'] },
        Bool: { 'g:SecureTransport': ['true'] },
      },
    }),
  ],
  'a variable in the resource': [allow({ Resource: [`csms:*:*:secretName:app-9-\${g:UserName}`] })],
  'a tag of the resource, left open': [
    allow({ Condition: { StringEquals: { 'g:ResourceTag/team': ['a'] } } }),
  ],
};

const action = actionOf('csms:secret:getVersion');
for (const [name, Statement] of Object.entries(CASES)) {
  const document: PolicyDocument = { Version: '5.0', Statement };
  const policies = createPolicies([{ name: 'p', via: 'user', document }]);
  const kinds = new Set<string>();
  const run = (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const facts = createFacts(CONTEXT, { versionId: 'v1' });
      kinds.add(decide(policies, { action, projectId: 'p1', path: 'app-9-ann', facts }).kind);
    }
  };
  run(WARM_UP);
  const start = process.hrtime.bigint();
  run(DECISIONS);
  const ns = Number(process.hrtime.bigint() - start) / DECISIONS;
  console.log(`${name}: ${ns.toFixed(0)} ns, ${[...kinds].join()}`);
}
