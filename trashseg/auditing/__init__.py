"""Label noise: what the networks of a cross-validation, none of which saw the label, think of it.

Confident learning (Northcutt, Jiang and Chuang 2021) on masks: the self-confidence of a label is compared with what is
usual for its class. For segmentation see Lad and Mueller 2023.
"""

from trashseg.auditing.audit import Audit, Kind, Limits, run_audit
from trashseg.auditing.report import write_audit
from trashseg.inference.labelled import Labels, open_labels

__all__ = ["Audit", "Kind", "Labels", "Limits", "open_labels", "run_audit", "write_audit"]
