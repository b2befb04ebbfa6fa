import type { Finding, Report } from './findings.ts';
import { placeOf } from './text.ts';

const rules = [
  { id: 'secret', name: 'SecretInOutput', text: 'A build secret is in what is shipped' },
  { id: 'framework-key', name: 'LiveFrameworkKey', text: "A framework's own key is live in what is shipped" },
  {
    id: 'not-read-whole',
    name: 'NotReadWhole',
    text: 'Something could not be read completely, so it cannot be called clean',
  },
  { id: 'not-opened', name: 'NotOpened', text: 'A file was searched as bytes and not opened' },
];

// Code scanning needs a relative URI; a path in an image becomes one if each segment is percent-encoded.
const uriOf = (path: string): string =>
  path.replace(/^\/+/, '').split('/').map(encodeURIComponent).join('/') || 'root';

function resultOf(finding: Finding, level: 'error' | 'note') {
  const message =
    finding.category === 'secret'
      ? `The secret "${finding.secret}" (${finding.part}) is in ${placeOf(finding)}, ${finding.encoding}. To fix it: ${finding.remedy}.`
      : `${finding.secret} is live in ${placeOf(finding)}. To fix it: ${finding.remedy}.`;
  return {
    ruleId: finding.category,
    ruleIndex: finding.category === 'secret' ? 0 : 1,
    level,
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(finding.path) },
          region: { byteOffset: finding.offset, byteLength: 0 },
        },
        logicalLocations: [
          {
            name: finding.layer ? `layer ${finding.layer.index + 1}` : finding.place,
            fullyQualifiedName: placeOf(finding),
          },
        ],
      },
    ],
    partialFingerprints: {
      'sealcheck/v1': [finding.secret, finding.encoding, finding.place, finding.path, ...finding.nested].join(
        '|',
      ),
    },
    properties: {
      encoding: finding.encoding,
      part: finding.part,
      ...(finding.layer && { layerDigest: finding.layer.digest, instruction: finding.layer.instruction }),
      ...(finding.visibility && { visibility: finding.visibility }),
    },
  };
}

/**
 * The report as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html). Anything that could not
 * be read is a result of its own and makes `executionSuccessful` false.
 */
export function sarifReport(report: Report): string {
  const reasonResult = (rule: 'not-read-whole' | 'not-opened', reason: string) => ({
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: rule === 'not-opened' ? ('note' as const) : ('error' as const),
    message: { text: reason },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(report.target) } } }],
  });
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'sealcheck',
            version: report.version,
            rules: rules.map(({ id, name, text }) => ({ id, name, shortDescription: { text } })),
          },
        },
        invocations: [
          {
            executionSuccessful: report.incomplete.length === 0,
            toolExecutionNotifications: [...report.warnings, ...report.notes].map((text) => ({
              level: 'warning',
              message: { text },
            })),
          },
        ],
        results: [
          ...report.findings.map((finding) => resultOf(finding, 'error')),
          ...report.allowed.map((finding) => resultOf(finding, 'note')),
          ...report.incomplete.map((reason) => reasonResult('not-read-whole', reason)),
          ...report.unopened
            .filter((reason) => !report.incomplete.includes(reason))
            .map((reason) => reasonResult('not-opened', reason)),
        ],
        columnKind: 'utf16CodeUnits',
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
