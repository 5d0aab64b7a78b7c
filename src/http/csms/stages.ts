import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/stages.ts';
import { parseStageVersion, requireStageName, VERSION_ID_PATTERN, versionId } from '../../core/names.ts';
import type { Stage } from '../../core/secrets/secrets.ts';
import type { App } from '../app.ts';
import { operation } from '../wire/operation.ts';
import { NoBody, responses, SecretPath, StageName, TimeMs } from '../wire/schemas.ts';
import { toRef } from '../wire/secrets.ts';

const StageSchema = Type.Object(
  { name: StageName, update_time: TimeMs, secret_name: Type.String(), version_id: Type.String() },
  { title: 'Stage' },
);
const StageResponse = Type.Object({ stage: StageSchema }, { title: 'StageResponse' });
const StagePath = Type.Object({ ...SecretPath.properties, stage_name: StageName });

const VersionId = Type.String({ pattern: VERSION_ID_PATTERN, description: 'Version that the stage marks' });
const CreateStageBody = Type.Object(
  { name: StageName, version_id: VersionId },
  { title: 'CreateSecretStageRequest' },
);
const UpdateStageBody = Type.Object({ version_id: VersionId }, { title: 'UpdateSecretStageRequest' });

/** CreateSecretStage, ShowSecretStage, UpdateSecretStage, DeleteSecretStage. */
export function registerStages(api: App): void {
  api.route({
    method: 'POST',
    url: '/v1/:project_id/secrets/:secret_name/stages',
    schema: {
      ...operation('CreateSecretStage', 'Attaches a stage to a version, or moves it there'),
      params: SecretPath,
      body: CreateStageBody,
      response: responses({ 200: StageResponse }),
    },
    handler: async ({ deps, params, body }) => {
      const input = { name: body.name, versionNumber: parseStageVersion(body.version_id) };
      return { stage: toWireStage(params.secret_name, await app.putStage(deps, toRef(params), input)) };
    },
  });
  api.route({
    method: 'PUT',
    url: '/v1/:project_id/secrets/:secret_name/stages/:stage_name',
    schema: {
      ...operation('UpdateSecretStage', 'Moves a stage to a version, or attaches it'),
      params: StagePath,
      body: UpdateStageBody,
      response: responses({ 200: StageResponse }),
    },
    handler: async ({ deps, params, body }) => {
      const input = {
        name: requireStageName(params.stage_name),
        versionNumber: parseStageVersion(body.version_id),
      };
      return { stage: toWireStage(params.secret_name, await app.putStage(deps, toRef(params), input)) };
    },
  });
  registerStage(api);
}

function registerStage(api: App): void {
  api.route({
    method: 'GET',
    url: '/v1/:project_id/secrets/:secret_name/stages/:stage_name',
    schema: {
      ...operation('ShowSecretStage', 'Shows which version a stage marks'),
      params: StagePath,
      response: responses({ 200: StageResponse }),
    },
    handler: async ({ deps, params }) => {
      const stage = await app.showStage(deps, toRef(params), requireStageName(params.stage_name));
      return { stage: toWireStage(params.secret_name, stage) };
    },
  });
  api.route({
    method: 'DELETE',
    url: '/v1/:project_id/secrets/:secret_name/stages/:stage_name',
    schema: {
      ...operation('DeleteSecretStage', 'Removes a stage; its version stays'),
      params: StagePath,
      response: responses({ 204: NoBody }),
    },
    handler: async ({ deps, params }, reply) => {
      await app.removeStage(deps, toRef(params), requireStageName(params.stage_name));
      return reply.code(204).send(undefined);
    },
  });
}

function toWireStage(secretName: string, stage: Stage): Static<typeof StageSchema> {
  return {
    name: stage.name,
    update_time: stage.updateTimeMs,
    secret_name: secretName,
    version_id: versionId(stage.versionNumber),
  };
}
