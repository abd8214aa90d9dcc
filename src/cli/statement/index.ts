import { parseConfig } from '../../config/index.ts';
import { networkFacts } from '../../network/index.ts';
import { objectsAnnex } from './objects.ts';
import { overview, services } from './services.ts';
import { blocks, bullets, table } from './tables.ts';

/**
 * The DICOM conformance statement in Markdown, organised after the template of PS3.2 Annex N. SOP Classes, transfer syntaxes,
 * limits and defaults come from the code and the configuration's defaults.
 */
export function conformanceStatement(version: string): string {
  const config = parseConfig(
    { destinations: [{ name: 'any', aeTitle: 'PACS', host: 'pacs.example', port: 104 }] },
    'the defaults',
  );
  return `${blocks(
    `# DICOM Conformance Statement: Willis ${version}`,
    'Product: Willis, a PACS plug-in node that looks for intracranial aneurysms. The shipped models are trained on synthetic phantoms and are not for clinical use. Printed by `willis conformance`; a test fails where this file differs from that.',
    overview(),
    '## 2 Table of Contents\n\n1 Overview · 3 Introduction · 4 Services and interoperability · 5 Configuration · 6 Character sets · 7 Security · 8 Integration profiles · Annex A SOP Instances · Annex B Terminology',
    introduction(),
    services(config),
    configuration(),
    '## 6 Support of character sets\n\nAny Specific Character Set (0008,0005) of the source is carried over unchanged with the values that it encodes. Text of our own is ASCII, which every one of them contains. HL7 messages are in UTF-8.',
    security(),
    profiles(),
    objectsAnnex(config.destinations[0]!.fallbacks),
    '## Annex B: coded terminology and templates\n\nTemplates of PS3.16: TID 1500, 1410 and 1411 with 4019 and 1002/1004, 1600. Codes: DCM, LN, UCUM, UMLS as in PS3.16, SNOMED CT only from the set that DICOM may be used with freely. Processing state: CID 6047 as (111017, DCM, "CAD Processing and Findings Summary"). Private codes, scheme 99WILLIS, as topographical modifiers (106233006, SCT) of a finding site and in the Anatomic Region Modifier Sequence: INFRACLINOID and SUPRACLINOID of the internal carotid artery, POSTERIOR (posterior circulation) of a cerebral artery; SNOMED CT\'s free set has no word for these parts. The tip of the basilar artery is its distal part (46053002, SCT).',
  )}\n`;
}

function introduction(): string {
  return blocks(
    '## 3 Introduction',
    'For those who connect Willis with scanners and archives. A conformance statement tells what a product can do; whether two products work together must still be tried at the site. AE: Application Entity. SCU, SCP: Service Class User, Provider.',
    'Data flow: a device stores instances in Willis (Storage SCP). When a series is complete and matches a rule it is analysed; of one that matches none a report of that is made where `unmatched` names destinations. The results are stored in each destination of the rule (Storage SCU or STOW-RS), each with a queue of its own that survives a restart; then, as configured, storage commitment is asked for and other systems are told.',
  );
}

function configuration(): string {
  return blocks(
    '## 5 Configuration',
    'One JSON file; `willis config schema` prints every key with meaning and default. AE titles, hosts and ports of callers, destinations and sources are set there. `dicom.callers`, `destinations`, `rules`, `unmatched`, `comparison` and `inference.bundles` come into force within seconds of the change of the file, on the page at once: for associations, judgements, analyses and deliveries that begin from then on. All other keys are read at the start; the page says which changes wait for it. A file that is not valid changes nothing.',
    table(
      ['what', 'key'],
      [
        ['who may call', 'dicom.callers'],
        ['where results go, and which', 'destinations[], rules[].sendTo'],
        ['who is told of series of the head that no rule takes', 'unmatched'],
        ['what goes instead of a refused result', 'destinations[].fallbacks'],
        ['lossless compression of pictures', 'destinations[].compression'],
        ['storage commitment', 'destinations[].commitment, .commitmentTimeoutSeconds'],
        ['notifications', 'destinations[].instanceAvailability, .hl7'],
        ['earlier studies', 'priors'],
      ],
    ),
  );
}

function security(): string {
  return blocks(
    '## 7 Security',
    bullets(
      `As SCU and user agent: BCP 195 RFC 8996, 9325 TLS Secure Transport Connection Profile (PS3.15 B.12), ${networkFacts.oldestTls.replace('v', ' ')} at least, 1.3 where the peer has it; the peer's certificate is always verified, a client certificate is sent where configured (\`destinations[].tls\`).`,
      'As SCP: the same profile on a port of its own (`dicom.tls`, default 2762 there), with client certificates where `ca` is set; without that key no TLS.',
      'Access: Called and Calling AE Title, and address of the caller.',
      'Audit messages (PS3.15 A.5: application start and stop, instances transferred, authentication, configuration, refused access, study deleted) by syslog over TLS (RFC 5424, 5425), with a client certificate where configured (`operations.audit`); each waits for its collector as long as it takes.',
      'Logs carry no patient data: UIDs are hashed.',
    ),
  );
}

function profiles(): string {
  return blocks(
    '## 8 IHE integration profiles',
    'Claims of the developers, tested with the peers in conformance/README.md, not at a Connectathon.',
    table(
      ['profile', 'actor', 'state'],
      [
        [
          'AI Results (AIR)',
          'Evidence Creator',
          'results as Comprehensive 3D SR, SEG, Parametric Map and KOS; stored by RAD-18, with storage commitment (RAD-10) as an option. Secondary Capture, presentation state and PDF are outside of AIR',
        ],
        ['AI Results (AIR)', 'Image Manager/Archive, Image Display, Imaging Document Consumer', 'no'],
        [
          'AI Workflow for Imaging (AIW-I)',
          'Task Performer',
          'no: work is triggered by storage and rules, there is no UPS-RS',
        ],
        ['AI Workflow for Imaging (AIW-I)', 'Task Requester, Task Manager, Watcher', 'no'],
      ],
    ),
  );
}
