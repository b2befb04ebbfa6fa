import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** The parts of a pod in deploy/kubernetes that the tests check. */
export type PodSpec = {
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext: {
    runAsNonRoot?: boolean;
    runAsUser: number;
    runAsGroup: number;
    fsGroup: number;
    seccompProfile?: { type: string };
  };
  containers: PodContainer[];
  volumes: PodVolume[];
};

export type PodContainer = {
  args?: string[];
  env?: { name: string; value?: string }[];
  securityContext: {
    readOnlyRootFilesystem?: boolean;
    allowPrivilegeEscalation?: boolean;
    capabilities: { drop: string[] };
  };
  volumeMounts: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
  lifecycle?: { preStop: { sleep: { seconds: number } } };
  startupProbe?: { httpGet: { path: string } };
  readinessProbe?: { httpGet: { path: string } };
  livenessProbe?: { httpGet: { path: string } };
};

export type PodVolume = {
  name: string;
  secret?: { secretName: string; defaultMode: number; items?: { key: string; path: string }[] };
  emptyDir?: { sizeLimit: string };
};

/** The parts of a Kubernetes object in deploy/kubernetes that the tests check. */
export type KubernetesObject = {
  kind: string;
  metadata: { name: string };
  stringData?: Record<string, string>;
  spec: {
    template: { spec: PodSpec };
    target?: { name: string };
    data?: { secretKey: string; remoteRef: { key: string; property?: string } }[];
  };
};

/** Reads a manifest as kubectl does: as YAML 1.1, in which `0440` is octal. */
export function readManifest(file: string): KubernetesObject[] {
  return parseAllDocuments(readFileSync(`deploy/kubernetes/${file}`, 'utf8'), { version: '1.1' }).map(
    (document) => document.toJS() as KubernetesObject,
  );
}

/** The only object of a kind in a manifest. */
export function readObject(file: string, kind: string): KubernetesObject {
  const found = readManifest(file).find((object) => object.kind === kind);
  if (!found) throw new Error(`deploy/kubernetes/${file} has no ${kind}.`);
  return found;
}
