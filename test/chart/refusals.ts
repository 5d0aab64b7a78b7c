import { equal, match } from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { render } from './helm.ts';

const complete = join(import.meta.dirname, 'values', 'existing-secrets.yaml');
const serve = ['rootKey.existingSecret=k', 'identities.existingSecret=i', 'tls.existingSecret=t'];

/** Values that go wrong beside complete ones, and what Helm says. */
const WRONG: readonly (readonly [values: readonly string[], message: RegExp])[] = [
  [['replicas=2'], /'\/replicas': value must be 1/],
  [['replicaCount=1'], /additional properties 'replicaCount' not allowed/],
  [['mode=production'], /'\/mode': value must be one of 'serve', 'dev'/],
  [['rootkey.existingSecret=x'], /additional properties 'rootkey' not allowed/],
  [['rootKey.secretName=x'], /'\/rootKey': additional properties 'secretName' not allowed/],
  [['rootKey.source=env'], /'\/rootKey\/source': value must be one of 'file', 'passphrase-file'/],
  [['rootKey.value=x'], /rootKey: set existingSecret or value, not both/],
  [['rootKey.existingSecret='], /rootKey\.existingSecret: name a Secret with the root key/],
  [['identities.existingSecret='], /identities\.existingSecret: name a Secret with identities\.yaml/],
  [['identities.files.a=b'], /identities: set existingSecret or files, not both/],
  [['identities.existingSecret=', 'identities.files.a=b'], /one of them must be identities\.yaml/],
  [['identities.existingSecret=', 'identities.files.a/b=c'], /'\/identities\/files': .*'a\/b'/],
  [['tls.existingSecret='], /tls\.existingSecret: name a Secret of the type kubernetes\.io\/tls/],
  [['tls.plainHttp=true'], /tls: set existingSecret or plainHttp, not both/],
  [['tls.plainHttp=yes'], /'\/tls\/plainHttp': got string, want boolean/],
  [['hooks.caKey=ca.crt'], /hooks\.caKey: needs hooks\.existingSecret/],
  [['persistence.enabled=false'], /all secrets would be gone with the pod/],
  [['persistence.accessMode=ReadWriteMany'], /value must be one of 'ReadWriteOnce', 'ReadWriteOncePod'/],
  [['persistence.size=lots'], /'\/persistence\/size'/],
  [['persistence.storageClass=-'], /'\/persistence\/storageClass'/],
  [['user.uid=0'], /'\/user\/uid': minimum: got 0, want 1/],
  [['user.gid=null'], /'\/user': missing property 'gid'/],
  [['service.port=0'], /'\/service\/port'/],
  [['listenAddress=10.0.0.1'], /'\/listenAddress': value must be one of '0\.0\.0\.0', '::'/],
  [['metrics.serviceMonitor.enabled=true'], /metrics\.serviceMonitor: needs metrics\.enabled/],
  [['metrics.enabled=true', 'metrics.port=4280'], /metrics\.port: 4280 is the server's own/],
  [['networkPolicy.from[0].podLabels.a=b'], /'\/networkPolicy\/from\/0': .*'podLabels' not allowed/],
  [['settings.CSMS_LOG_LEVEL=loud'], /'\/settings\/CSMS_LOG_LEVEL': value must be one of/],
  [['settings.CSMS_LOGLEVEL=info'], /'\/settings': additional properties 'CSMS_LOGLEVEL' not allowed/],
  [['settings.CSMS_DEV_SK=x'], /'\/settings': additional properties 'CSMS_DEV_SK' not allowed/],
  [['settings.CSMS_RATE_LIMIT=200'], /'\/settings\/CSMS_RATE_LIMIT': got number, want string/],
  [['image.digest=1234'], /'\/image\/digest'/],
  [['dev.existingSecret=d'], /dev: is for mode dev/],
  [['dev.seedSecret=d'], /dev: is for mode dev/],
  [['settings.CSMS_CONTROL_HOSTS=a'], /settings\.CSMS_CONTROL_HOSTS: is for mode dev/],
  [
    ['mode=dev', 'dev.credentials.controlToken=aaaaaaaaaaaaaaaa'],
    /'\/dev\/credentials': properties .*required/,
  ],
  [['mode=dev', 'dev.credentials.accessKey=a'], /'\/dev\/credentials': properties .*'password' required/],
  [['fullnameOverride=Csms'], /'\/fullnameOverride'/],
];

describe('Helm refuses, and says what is wrong with', () => {
  for (const [values, message] of WRONG) {
    it(values.join(' and '), async () => {
      const sets = values.flatMap((value) => ['--set', value]);
      const { code, stdout, stderr } = await render(['--values', complete, ...sets]);
      equal(code, 1, stdout);
      match(stderr, message);
    });
  }

  it('no values at all', async () => {
    const { code, stderr } = await render([]);
    equal(code, 1);
    match(stderr, /rootKey\.existingSecret: name a Secret/);
  });
});

describe('names', () => {
  it('are as long as Kubernetes lets a StatefulSet have one', async () => {
    const sets = [...serve, `fullnameOverride=${'a'.repeat(53)}`].flatMap((value) => ['--set', value]);
    match((await render(sets)).stderr, /'\/fullnameOverride': maxLength: got 53, want 52/);
  });
});
