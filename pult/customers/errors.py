"""What can be refused about customers."""

from __future__ import annotations

from pult.lib.failures import UserError


class CustomerNotFound(UserError):
    def __init__(self, customer_id: int) -> None:
        super().__init__(
            "There is no customer %(customer)s.", code="customer_not_found", params={"customer": customer_id}
        )


class CustomerKnown(UserError):
    """The tax number or the e-mail address belongs to a customer who is here already."""

    def __init__(self, customer_id: int) -> None:
        self.customer_id = customer_id
        super().__init__(
            "The tax number or e-mail address belongs to customer %(customer)s; change that one.",
            code="customer_known",
            params={"customer": customer_id},
        )
