import { type Static, Type } from '@sinclair/typebox';
import * as app from '../../app/secrets/stages.ts';
import { parseStageVersion, requireStageName, VERSION_ID_PATTERN, versionId } from '../../core/names.ts';
import type { Stage } from '../../core/secrets/secrets.ts';
import type { App } from '../app.ts';
import { operation, route } from '../wire/operation.ts';
import { NoBody, StageName, TimeMs, Titled } from '../wire/schemas.ts';
import { toRef } from '../wire/secrets.ts';

const StageSchema = Titled('Stage', {
  name: StageName,
  update_time: TimeMs,
  secret_name: Type.String(),
  version_id: Type.String(),
});
const StageResponse = Titled('StageResponse', { stage: StageSchema });

const VersionId = Type.String({ pattern: VERSION_ID_PATTERN, description: 'Version that the stage marks' });
const CreateStageBody = Titled('CreateSecretStageRequest', { name: StageName, version_id: VersionId });
const UpdateStageBody = Titled('UpdateSecretStageRequest', { version_id: VersionId });

/** CreateSecretStage, ShowSecretStage, UpdateSecretStage, DeleteSecretStage. */
export function registerStages(api: App): void {
  api.route({
    ...route('POST', '/v1/:project_id/secrets/:secret_name/stages', {
      ...operation('CreateSecretStage', 'Attaches a stage to a version, or moves it there'),
      body: CreateStageBody,
      response: { 200: StageResponse },
    }),
    handler: async ({ deps, params, body }) => {
      const input = { name: body.name, versionNumber: parseStageVersion(body.version_id) };
      return { stage: toWireStage(params.secret_name, await app.putStage(deps, toRef(params), input)) };
    },
  });
  api.route({
    ...route('PUT', '/v1/:project_id/secrets/:secret_name/stages/:stage_name', {
      ...operation('UpdateSecretStage', 'Moves a stage to a version, or attaches it'),
      body: UpdateStageBody,
      response: { 200: StageResponse },
    }),
    handler: async ({ deps, params, body }) => {
      const input = {
        name: requireStageName(params.stage_name),
        versionNumber: parseStageVersion(body.version_id),
      };
      return { stage: toWireStage(params.secret_name, await app.putStage(deps, toRef(params), input)) };
    },
  });
  api.route({
    ...route('GET', '/v1/:project_id/secrets/:secret_name/stages/:stage_name', {
      ...operation('ShowSecretStage', 'Shows which version a stage marks'),
      response: { 200: StageResponse },
    }),
    handler: async ({ deps, params }) => {
      const stage = await app.showStage(deps, toRef(params), requireStageName(params.stage_name));
      return { stage: toWireStage(params.secret_name, stage) };
    },
  });
  api.route({
    ...route('DELETE', '/v1/:project_id/secrets/:secret_name/stages/:stage_name', {
      ...operation('DeleteSecretStage', 'Removes a stage; its version stays'),
      response: { 204: NoBody },
    }),
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
