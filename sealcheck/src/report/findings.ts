/** A secret, or a framework's own live key, found where it should not be. It never contains a value. */
export type Finding = {
  category: 'secret' | 'framework-key';
  /** The secret's id, or the framework and the key's name. */
  secret: string;
  part: string;
  encoding: string;
  /** The kind of location: layer, config, history, manifest, attestation, cache, tree, site. */
  place: string;
  layer?: { index: number; digest: string; instruction: string };
  path: string;
  /** Archives between the path and the bytes, outermost first. */
  nested: string[];
  /** In bytes, in the innermost content. */
  offset: number;
  /** For a layer: whether a container still sees it, and if not, which layer removed it. */
  visibility?: 'visible' | 'deleted';
  deletedBy?: { index: number; instruction: string };
  occurrences: number;
  remedy: string;
};

/** A layer in the diagram of an image. Size in bytes, as stored. */
export type LayerPicture = {
  index: number;
  digest: string;
  size: number;
  instruction: string;
  /** Ids of the secrets that were mounted in the step that made the layer, if history or provenance shows it. */
  mounted: string[];
};

/** A build step that had secrets mounted, according to a provenance attestation or the Dockerfile. */
export type MountingStep = {
  name: string;
  secrets: string[];
  /** Its stage, and the index of the layer to which this stage's output was copied. */
  stage?: string;
  layer?: number;
};

/** The complete result of one check. */
export type Report = {
  tool: 'sealcheck';
  version: string;
  command: 'image' | 'dir' | 'site' | 'canary';
  target: string;
  verdict: 'clean' | 'leak' | 'could not check';
  searched: { secret: string; parts: string[] }[];
  findings: Finding[];
  /** Findings that an option allows; they don't change the verdict. */
  allowed: Finding[];
  incomplete: string[];
  /** Files that were searched as bytes and not opened. A strict check counts them as incomplete. */
  unopened: string[];
  warnings: string[];
  notes: string[];
  layers: LayerPicture[];
  steps: MountingStep[];
  bytes: number;
  seconds: number;
};
