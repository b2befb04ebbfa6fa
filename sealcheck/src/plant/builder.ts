import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** An entry of a planted layer. */
export type PlantedEntry = {
  name: string;
  content?: Buffer;
  link?: string;
  /** The name of an earlier entry of the same layer that this is a hard link to. */
  hardLink?: string;
  pax?: Record<string, string>;
};

/** A file of an archive, in memory. */
export type BuiltFile = { name: string; bytes: Buffer };

/** The layers that plants share, in their order in the image. */
export const LAYER_NAMES = ['copied', 'removed', 'gzip', 'zstd'] as const;
export type LayerName = (typeof LAYER_NAMES)[number];

const INSTRUCTIONS: Record<LayerName, string> = {
  copied: 'COPY /app /app # buildkit',
  removed: 'RUN /bin/sh -c rm -rf planted # buildkit',
  gzip: 'COPY --link /app /srv # buildkit',
  zstd: 'RUN --mount=type=secret,id=planted /bin/sh -c build # buildkit',
};

const OCI = 'application/vnd.oci.image';
const INDEX = `${OCI}.index.v1+json`;
const MANIFEST = `${OCI}.manifest.v1+json`;
const CONFIG = `${OCI}.config.v1+json`;

/** Packs entries into a tar. */
export async function tarOf(entries: readonly PlantedEntry[]): Promise<Buffer> {
  const writer = pack();
  for (const { name, content, link, hardLink, pax } of entries) {
    const header = {
      name,
      mtime: new Date(0),
      ...(link !== undefined && { type: 'symlink', linkname: link }),
      ...(hardLink !== undefined && { type: 'link', linkname: hardLink }),
      ...(pax && { pax }),
    } as Header;
    if (link !== undefined || hardLink !== undefined) writer.entry(header);
    else writer.entry(header, content ?? Buffer.alloc(0));
  }
  writer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of writer) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

// As in zstd:chunked: several frames, with a skippable frame among them.
function zstdFramesOf(bytes: Buffer): Buffer {
  const skippable = Buffer.from('\x50\x2a\x4d\x18\x04\0\0\0toc!', 'latin1');
  const half = bytes.length >> 1;
  return Buffer.concat([
    zstdCompressSync(bytes.subarray(0, half)),
    skippable,
    zstdCompressSync(bytes.subarray(half)),
  ]);
}

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

type Descriptor = { mediaType: string; digest: string; size: number };

/** The blobs of an archive, each once. */
class Blobs {
  readonly files = new Map<string, BuiltFile>();

  add(bytes: Buffer, mediaType: string): Descriptor {
    const digest = sha256(bytes);
    const name = `blobs/${digest.replace(':', '/')}`;
    this.files.set(name, { name, bytes });
    return { mediaType, digest, size: bytes.length };
  }

  document(value: object, mediaType: string): Descriptor {
    return this.add(Buffer.from(JSON.stringify(value)), mediaType);
  }
}

/** Builds an image in memory, as `docker save` would write it. */
export class ImageBuilder {
  readonly layers: Record<LayerName, PlantedEntry[]> = { copied: [], removed: [], gzip: [], zstd: [] };
  readonly config = {
    Env: ['PATH=/usr/bin'],
    Cmd: ['node', 'server.js'],
    Entrypoint: [] as string[],
    Labels: {} as Record<string, unknown>,
    Healthcheck: { Test: ['CMD', 'true'] } as Record<string, unknown>,
    OnBuild: [] as string[],
  };
  readonly history: string[] = [];
  readonly manifestAnnotations: Record<string, string> = {};
  readonly indexAnnotations: Record<string, string> = {};
  /** For the provenance and the SBOM. */
  readonly buildArguments: Record<string, unknown> = {};
  readonly packages: string[] = [];
  readonly cached: PlantedEntry[] = [];

  /** Every file of the archive, blobs first and the index last. `beside` are descriptors of other images in it. */
  async files(beside: readonly unknown[] = []): Promise<BuiltFile[]> {
    const blobs = new Blobs();
    const image = await this.#addImage(blobs);
    const manifests = [
      { ...image, platform: { os: 'linux', architecture: 'amd64' } },
      ...this.#addAttestations(blobs, image.digest),
      ...(await this.#addCache(blobs)),
    ];
    const annotations = this.indexAnnotations;
    const index = blobs.document({ schemaVersion: 2, mediaType: INDEX, manifests, annotations }, INDEX);
    const root = { schemaVersion: 2, manifests: [...beside, index] };
    return [
      ...blobs.files.values(),
      { name: 'oci-layout', bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
      { name: 'index.json', bytes: Buffer.from(JSON.stringify(root)) },
    ];
  }

  async #addImage(blobs: Blobs): Promise<Descriptor> {
    const layers: Descriptor[] = [];
    const diffIds: string[] = [];
    for (const name of LAYER_NAMES) {
      const tar = await tarOf([{ name: `planted-${name}` }, ...this.layers[name]]);
      diffIds.push(sha256(tar));
      const stored = name === 'gzip' ? gzipSync(tar) : name === 'zstd' ? zstdFramesOf(tar) : tar;
      const suffix = name === 'gzip' || name === 'zstd' ? `+${name}` : '';
      layers.push(blobs.add(stored, `${OCI}.layer.v1.tar${suffix}`));
    }
    const history = [
      ...LAYER_NAMES.map((name) => ({ created_by: INSTRUCTIONS[name] })),
      ...this.history.map((created_by) => ({ created_by, empty_layer: true })),
    ];
    const rootfs = { type: 'layers', diff_ids: diffIds };
    const about = { architecture: 'amd64', os: 'linux', config: this.config, rootfs, history };
    const config = blobs.document(about, CONFIG);
    const annotations = this.manifestAnnotations;
    return blobs.document({ schemaVersion: 2, mediaType: MANIFEST, config, layers, annotations }, MANIFEST);
  }

  #addAttestations(blobs: Blobs, subject: string): object[] {
    const args = this.buildArguments;
    const packages = this.packages.map((downloadLocation) => ({ downloadLocation }));
    const attestations = [
      { type: 'https://slsa.dev/provenance/v0.2', predicate: { invocation: { parameters: { args } } } },
      { type: 'https://spdx.dev/Document', predicate: { packages } },
    ];
    const layers = attestations.map(({ type, predicate }) => {
      const statement = { _type: 'https://in-toto.io/Statement/v0.1', predicateType: type, predicate };
      const descriptor = blobs.document(statement, 'application/vnd.in-toto+json');
      return { ...descriptor, annotations: { 'in-toto.io/predicate-type': type } };
    });
    const config = blobs.document({ rootfs: { type: 'layers', diff_ids: [] } }, CONFIG);
    const manifest = blobs.document({ schemaVersion: 2, mediaType: MANIFEST, config, layers }, MANIFEST);
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': subject,
    };
    return [{ ...manifest, platform: { os: 'unknown', architecture: 'unknown' }, annotations }];
  }

  async #addCache(blobs: Blobs): Promise<Descriptor[]> {
    if (this.cached.length === 0) return [];
    const layer = blobs.add(gzipSync(await tarOf(this.cached)), `${OCI}.layer.v1.tar+gzip`);
    const records = { layers: [{ blob: layer.digest, parent: -1 }], records: [] };
    const config = blobs.document(records, 'application/vnd.buildkit.cacheconfig.v0');
    return [blobs.document({ schemaVersion: 2, manifests: [layer, config] }, INDEX)];
  }
}
