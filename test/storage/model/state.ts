import type { StoreHarness } from '../../support/stores.ts';

/** What the model knows of a secret: as little as answers every read. Written from the API pages, not from the code. */
export interface ModelSecret {
  readonly id: string;
  description: string;
  isPending: boolean;
  dueMs: number;
  lastNumber: number;
  readonly versions: Map<
    number,
    { readonly uid: string; readonly body: Uint8Array; expireTimeMs: number | undefined }
  >;
  readonly stages: Map<string, number>;
  readonly tags: Map<string, string>;
}

/** The model's project. */
export interface Model {
  readonly secrets: Map<string, ModelSecret>;
}

/** The store under test, in a project of its own. */
export interface Real {
  readonly harness: StoreHarness;
  readonly projectId: string;
}
