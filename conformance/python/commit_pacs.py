"""A small PACS on pynetdicom: takes only Implicit VR Little Endian, and reports storage commitment as told.

Arguments: our port, the node's port, "same" or "new" (the association of the report), how many requests fail first.
Prints one line an event.
"""

import sys
import threading
import time

from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.presentation import AllStoragePresentationContexts
from pynetdicom.sop_class import StorageCommitmentPushModel

port, node_port, where, failures = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
IMPLICIT = "1.2.840.10008.1.2"
stored = {}
requests = []


def say(*words):
    print(*words, flush=True)


def handle_store(event):
    dataset = event.dataset
    stored[dataset.SOPInstanceUID] = dataset.SOPClassUID
    say("stored", event.context.transfer_syntax, dataset.SOPClassUID, dataset.StudyInstanceUID)
    return 0x0000


def report_for(action):
    report = Dataset()
    report.TransactionUID = action.TransactionUID
    fail = len(requests) <= failures
    kept, lost = [], []
    for item in action.ReferencedSOPSequence:
        (lost if fail or item.ReferencedSOPInstanceUID not in stored else kept).append(item)
    if kept:
        report.ReferencedSOPSequence = kept
    if lost:
        for item in lost:
            item.FailureReason = 0x0112
        report.FailedSOPSequence = lost
    return report, 2 if lost else 1


def send(association, report, event_type):
    status, _ = association.send_n_event_report(
        report, event_type, StorageCommitmentPushModel, "1.2.840.10008.1.20.1.1"
    )
    say("reported", where, event_type, f"0x{status.Status:04x}" if "Status" in status else "none")


def report_on_new(report, event_type):
    time.sleep(0.3)
    entity = AE("PYPACS")
    entity.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    association = entity.associate("127.0.0.1", node_port, ae_title="WILLIS", ext_neg=[role])
    accepted = association.accepted_contexts[0] if association.is_established and association.accepted_contexts else None
    say("roles", accepted and accepted.as_scp, accepted and accepted.as_scu)
    if accepted:
        send(association, report, event_type)
        association.release()


def handle_action(event):
    action = event.action_information
    requests.append(action.TransactionUID)
    say("asked", action.TransactionUID, len(action.ReferencedSOPSequence))
    report, event_type = report_for(action)
    if where == "new":
        threading.Thread(target=report_on_new, args=(report, event_type)).start()
    else:
        timer = threading.Timer(0.2, send, args=(event.assoc, report, event_type))
        timer.start()
    return 0x0000, None


entity = AE("PYPACS")
for context in AllStoragePresentationContexts:
    entity.add_supported_context(context.abstract_syntax, IMPLICIT)
entity.add_supported_context(StorageCommitmentPushModel, IMPLICIT, scu_role=True, scp_role=True)
say("listening")
entity.start_server(
    ("127.0.0.1", port),
    evt_handlers=[(evt.EVT_C_STORE, handle_store), (evt.EVT_N_ACTION, handle_action)],
)
