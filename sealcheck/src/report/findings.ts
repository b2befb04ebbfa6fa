/** A secret, or a framework's own live key, found where it should not be. Nothing in it shows a value. */
export type Finding = {
  category: 'secret' | 'framework-key';
  /** The secret's id, or the framework and the key's name. */
  secret: string;
  part: string;
  encoding: string;
  /** Where it was found, as a person would say it: layer, config, history, manifest, attestation, cache, tree, site. */
  place: string;
  layer?: { index: number; digest: string; instruction: string };
  path: string;
  /** Archives on the way from the path to the bytes, outermost first. */
  nested: string[];
  /** In bytes, in the innermost content. */
  offset: number;
  /** For a layer: whether a container still sees it, and which layer removed it if not. */
  visibility?: 'visible' | 'deleted';
  deletedBy?: { index: number; instruction: string };
  occurrences: number;
  remedy: string;
};

/** A layer for the picture of an image. Size in bytes, as stored. */
export type LayerPicture = {
  index: number;
  digest: string;
  size: number;
  instruction: string;
  /** Ids of the secrets that the step which made the layer had mounted, where history or provenance tells. */
  mounted: string[];
};

/** A step of the build that had secrets mounted, told by a provenance attestation or by the Dockerfile. */
export type MountingStep = {
  name: string;
  secrets: string[];
  /** Its stage, and the index of the layer that what this stage made was copied to. */
  stage?: string;
  layer?: number;
};

/** The whole outcome of one check. */
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
