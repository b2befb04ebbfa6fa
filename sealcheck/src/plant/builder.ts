import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import type { ImageFile } from '../image/source.ts';

/** An entry of a planted layer. */
export interface PlantedEntry {
  name: string;
  content?: Buffer;
  link?: string;
  /** The name of an earlier entry of the same layer that this is a hard link to. */
  hardLink?: string;
  pax?: Record<string, string>;
}

/** The layers that plants share, in their order in the image. */
export const layerNames = ['copied', 'removed', 'gzip', 'zstd'] as const;
export type LayerName = (typeof layerNames)[number];

const instructions: Record<LayerName, string> = {
  copied: 'COPY /app /app # buildkit',
  removed: 'RUN /bin/sh -c rm -rf planted # buildkit',
  gzip: 'COPY --link /app /srv # buildkit',
  zstd: 'RUN --mount=type=secret,id=planted /bin/sh -c build # buildkit',
};

/** Packs entries into a tar. */
export async function tarOf(entries: readonly PlantedEntry[]): Promise<Buffer> {
  const writer = pack();
  for (const entry of entries) {
    const header = {
      name: entry.name,
      mtime: new Date(0),
      ...(entry.link !== undefined && { type: 'symlink', linkname: entry.link }),
      ...(entry.hardLink !== undefined && { type: 'link', linkname: entry.hardLink }),
      ...(entry.pax && { pax: entry.pax }),
    } as Header;
    if (entry.link !== undefined || entry.hardLink !== undefined) writer.entry(header);
    else writer.entry(header, entry.content ?? Buffer.alloc(0));
  }
  writer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of writer) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

interface BaseImage {
  config: Record<string, unknown>;
  layers: { mediaType: string; digest: string; size: number }[];
  diffIds: string[];
}

type Fields = Record<string, unknown>;
const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

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

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

/** Turns bytes in memory into a file of an image archive. */
export const imageFile = (name: string, bytes: Buffer): ImageFile => ({
  name,
  link: '',
  size: bytes.length,
  body: once(bytes),
});

/** Builds an image as `docker save` would write it: from nothing, or on top of another's layers and config. */
export class ImageBuilder {
  readonly layers: Record<LayerName, PlantedEntry[]> = { copied: [], removed: [], gzip: [], zstd: [] };
  readonly config: {
    Env: string[];
    Cmd: string[];
    Entrypoint: string[];
    Labels: Fields;
    Healthcheck: Fields;
    OnBuild: string[];
  } = {
    Env: ['PATH=/usr/bin'],
    Cmd: ['node', 'server.js'],
    Entrypoint: [],
    Labels: {},
    Healthcheck: { Test: ['CMD', 'true'] },
    OnBuild: [],
  };
  readonly history: string[] = [];
  readonly manifestAnnotations: Record<string, string> = {};
  readonly indexAnnotations: Record<string, string> = {};
  readonly attestations: { type: string; predicate: unknown }[] = [];
  readonly cached: PlantedEntry[] = [];

  /** Every file of the archive, blobs first and the index last. */
  async files(
    base: BaseImage = { config: {}, layers: [], diffIds: [] },
  ): Promise<{ name: string; bytes: Buffer }[]> {
    const files: { name: string; bytes: Buffer }[] = [];
    const add = (bytes: Buffer, mediaType: string) => {
      const digest = sha256(bytes);
      if (!files.some((file) => file.name === `blobs/${digest.replace(':', '/')}`))
        files.push({ name: `blobs/${digest.replace(':', '/')}`, bytes });
      return { mediaType, digest, size: bytes.length };
    };
    const document = (value: unknown, mediaType: string) =>
      add(Buffer.from(JSON.stringify(value)), mediaType);
    const layers = [...base.layers];
    const diffIds = [...base.diffIds];
    for (const name of layerNames) {
      const tar = await tarOf([{ name: `planted-${name}` }, ...this.layers[name]]);
      diffIds.push(sha256(tar));
      const stored = name === 'gzip' ? gzipSync(tar) : name === 'zstd' ? zstdFramesOf(tar) : tar;
      const suffix = name === 'gzip' || name === 'zstd' ? `+${name}` : '';
      layers.push(add(stored, `application/vnd.oci.image.layer.v1.tar${suffix}`));
    }
    const own = fieldsOf(base.config.config);
    const config = document(
      {
        architecture: 'amd64',
        os: 'linux',
        ...base.config,
        config: {
          ...own,
          Env: [...itemsOf(own.Env), ...this.config.Env],
          Cmd: [...itemsOf(own.Cmd), ...this.config.Cmd],
          Entrypoint: [...itemsOf(own.Entrypoint), ...this.config.Entrypoint],
          Labels: { ...fieldsOf(own.Labels), ...this.config.Labels },
          Healthcheck: this.config.Healthcheck,
          OnBuild: this.config.OnBuild,
        },
        rootfs: { type: 'layers', diff_ids: diffIds },
        history: [
          ...itemsOf(base.config.history),
          ...layerNames.map((name) => ({ created_by: instructions[name] })),
          ...this.history.map((created_by) => ({ created_by, empty_layer: true })),
        ],
      },
      'application/vnd.oci.image.config.v1+json',
    );
    const manifestType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = document(
      { schemaVersion: 2, mediaType: manifestType, config, layers, annotations: this.manifestAnnotations },
      manifestType,
    );
    const manifests: unknown[] = [{ ...manifest, platform: { os: 'linux', architecture: 'amd64' } }];
    if (this.attestations.length > 0) {
      const statements = this.attestations.map(({ type, predicate }) => ({
        ...document(
          { _type: 'https://in-toto.io/Statement/v0.1', predicateType: type, predicate },
          'application/vnd.in-toto+json',
        ),
        annotations: { 'in-toto.io/predicate-type': type },
      }));
      const empty = document(
        { rootfs: { type: 'layers', diff_ids: [] } },
        'application/vnd.oci.image.config.v1+json',
      );
      const attestation = document(
        { schemaVersion: 2, mediaType: manifestType, config: empty, layers: statements },
        manifestType,
      );
      manifests.push({
        ...attestation,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': manifest.digest,
        },
      });
    }
    if (this.cached.length > 0) {
      const layer = add(gzipSync(await tarOf(this.cached)), 'application/vnd.oci.image.layer.v1.tar+gzip');
      const records = document(
        { layers: [{ blob: layer.digest, parent: -1 }], records: [] },
        'application/vnd.buildkit.cacheconfig.v0',
      );
      manifests.push(
        document(
          { schemaVersion: 2, manifests: [layer, records] },
          'application/vnd.oci.image.index.v1+json',
        ),
      );
    }
    const index = document(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests,
        annotations: this.indexAnnotations,
      },
      'application/vnd.oci.image.index.v1+json',
    );
    files.push({ name: 'oci-layout', bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') });
    files.push({
      name: 'index.json',
      bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [index] })),
    });
    return files;
  }
}
