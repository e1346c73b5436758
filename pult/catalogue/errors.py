"""What can be refused about products."""

from __future__ import annotations

from pult.lib.failures import UserError


class DuplicateCode(UserError):
    """The SKU or a barcode already names another product."""

    def __init__(self, sku: str) -> None:
        super().__init__(
            "The SKU %(sku)s or one of its barcodes already belongs to another product; give it another one.",
            code="duplicate_code",
            params={"sku": sku},
        )


class ProductNotFound(UserError):
    def __init__(self, sku: str) -> None:
        super().__init__("There is no product %(sku)s.", code="product_not_found", params={"sku": sku})
