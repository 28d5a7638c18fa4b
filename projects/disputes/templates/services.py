"""A mediator writes a text for decisions, changes it, or throws it away."""

from django.db import IntegrityError, transaction

from accounts.people.models import StaffRole, User
from accounts.people.selectors import staff_roles_of
from marketplace.common.audit import log_deed
from marketplace.common.clock import now
from marketplace.common.errors import InvalidInput, NotAllowed
from marketplace.common.lifecycle import MEDIATOR
from marketplace.common.text import checked_line, checked_text
from projects.disputes.rulings.pronouncing.services import LONGEST_RULE
from projects.disputes.services import LONGEST_STATEMENT
from projects.disputes.templates.models import ReasonTemplate

LONGEST_NAME = 80


@transaction.atomic
def write_template(*, by: User, name: str, facts: str, rule: str, reasons: str) -> ReasonTemplate:
    """Keep a new one for all mediators. Raises InvalidInput, also for a name that is taken and
    where no field has a text.
    """
    _judge(by)
    template = ReasonTemplate()
    _save(template, by, name, facts, rule, reasons)
    _log("write template", template, by, f"Wrote the template “{template.name}”.")
    return template


@transaction.atomic
def edit_template(
    *, template_id: int, by: User, name: str, facts: str, rule: str, reasons: str
) -> ReasonTemplate:
    """Change it for everybody from now on. Raises InvalidInput as writing one does."""
    _judge(by)
    template = ReasonTemplate.objects.select_for_update().get(pk=template_id)
    before = template.name
    _save(template, by, name, facts, rule, reasons)
    _log("edit template", template, by, f"Changed the template “{before}”.")
    return template


@transaction.atomic
def delete_template(*, template_id: int, by: User) -> None:
    """Throw it away; what was decided with it stays."""
    _judge(by)
    template = ReasonTemplate.objects.select_for_update().get(pk=template_id)
    name = template.name
    template.delete()
    _log("delete template", template, by, f"Threw away the template “{name}”.")


def _judge(by: User) -> None:
    if StaffRole.MEDIATOR not in staff_roles_of(by):
        raise NotAllowed("Templates for decisions are the mediators' own.")


def _save(
    template: ReasonTemplate, by: User, name: str, facts: str, rule: str, reasons: str
) -> None:
    template.name = checked_line(name, param="name", longest=LONGEST_NAME)
    template.facts = checked_text(facts, param="facts", longest=LONGEST_STATEMENT)
    template.rule = checked_line(rule, param="rule", longest=LONGEST_RULE, least=0)
    template.reasons = checked_text(reasons, param="reasons", longest=LONGEST_STATEMENT)
    if not (template.facts or template.rule or template.reasons):
        raise InvalidInput("Write a text for one of the fields at least.", param="reasons")
    template.by, template.updated_at = by, now()
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as taken:
        raise InvalidInput("There is one of this name already.", param="name") from taken


def _log(deed: str, template: ReasonTemplate, by: User, text: str) -> None:
    log_deed(deed, template.public_id, text, by=by, role=MEDIATOR)
