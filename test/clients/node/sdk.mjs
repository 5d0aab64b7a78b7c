// The published Node core of the SDK, unmodified, from where run.sh has installed it.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.CLIENT_MODULES ?? '', 'package.json'));
const core = '@huaweicloud/huaweicloud-sdk-core';

export const { BasicCredentials, GlobalCredentials, Region } = require(core);
export const { ClientBuilder } = require(`${core}/ClientBuilder`);
export const { AKSKSigner } = require(`${core}/auth/AKSKSigner`);
export const { AuthCache } = require(`${core}/internal/services/authcache`);
export const { ClientRequestException } = require(`${core}/exception/ClientRequestException`);

// The core logs each refusal with all of its headers; what it logs is kept in memory instead.
require('log4js').configure({
  appenders: { memory: { type: 'recording' } },
  categories: { default: { appenders: ['memory'], level: 'error' } },
});

export const {
  CSMS_ENDPOINT: ENDPOINT,
  HUAWEICLOUD_SDK_AK: AK,
  HUAWEICLOUD_SDK_SK: SK,
  HUAWEICLOUD_SDK_PROJECT_ID: PROJECT_ID,
  HUAWEICLOUD_SDK_DOMAIN_ID: DOMAIN_ID,
  HW_REGION_NAME: REGION,
} = process.env;

/** The administrator's credentials; what is given replaces them. */
export function credentials(given = {}) {
  return new BasicCredentials({ ak: AK, sk: SK, projectId: PROJECT_ID, ...given });
}

/** A client as the generated CsmsClient builds it: the core's HcClient. */
export function buildClient(credential = credentials(), region = undefined) {
  const builder = new ClientBuilder((client) => client).withCredential(credential).withEndpoint(ENDPOINT);
  return (region === undefined ? builder : builder.withRegion(region)).build();
}

/** Sends a request for secrets; the path goes on behind `/secrets`. */
export function send(client, method, path, given) {
  return sendTo(client, method, `/v1/{project_id}/secrets${path}`, given);
}

/** Sends a request object in the form in which the generated code writes it. */
export function sendTo(client, method, url, { data, queryParams = {}, pathParams = {}, headers = {} } = {}) {
  return client.sendRequest({
    method,
    url,
    contentType: 'application/json',
    queryParams,
    pathParams,
    headers,
    ...(data !== undefined && { data }),
  });
}

/** The exception that a call ends with. */
export async function refusal(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was not refused');
}

export const newName = () => `node-${randomUUID().slice(0, 13)}`;
