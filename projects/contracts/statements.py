"""The statement of a contract: all of its book, the same for both its sides."""

from payments.statements.models import Scope
from payments.statements.selectors import scope_of_book
from projects.contracts.models import Agreement, Contract
from projects.contracts.selectors import agreement_of


def scope_of_contract(contract: Contract, *, agreement: Agreement | None = None) -> Scope:
    """What its statement tells of. The public id of the contract is the name of its book.
    ``agreement`` where its reader may read no newer wording than that.
    """
    agreement = agreement or agreement_of(contract)
    return scope_of_book(
        contract.public_id,
        about={
            "kind": "contract",
            "id": contract.public_id,
            "title": contract.title,
            "client": {"id": contract.client.public_id, "name": contract.client.name},
            "freelancer": {"id": contract.freelancer.public_id, "name": contract.freelancer.name},
        },
        agreement={"version": agreement.version, "sha256": agreement.sha256},
    )
