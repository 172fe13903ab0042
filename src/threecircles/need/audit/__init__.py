"""Reading some hundred case files and sorting what they say: without it need would be known by records of service only."""

from threecircles.need.audit.form import Form, form
from threecircles.need.audit.gate import decided
from threecircles.need.audit.store import AuditStore, folder_of

__all__ = ["AuditStore", "Form", "decided", "folder_of", "form"]
