"""What the lists of differences say about each."""

from django import template

from payments.reconciliation.models import Difference
from payments.reconciliation.suggestions import Suggestion, suggested_on_line

register = template.Library()


@register.filter
def suggested(difference: Difference) -> Suggestion:
    """``{{ difference|suggested }}``: what to do about it, and where."""
    return suggested_on_line(difference)
