"""What the sandbox shops sell: simple and variable products with SKU, barcode, price and VAT rate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# Rate id in the shop, tax class slug, percent. The names are those of a Hungarian WooCommerce shop.
TAX_RATES: tuple[tuple[int, str, int], ...] = ((1, "", 27), (2, "reduced-rate", 18), (3, "5-afa", 5))
RATE_OF_CLASS = {tax_class: (rate_id, percent) for rate_id, tax_class, percent in TAX_RATES}

FIRST_PRODUCT_ID = 30


@dataclass(frozen=True)
class CatalogueItem:
    """One thing that can be ordered: a simple product or one variation. `price_huf` is gross."""

    product_id: int
    variation_id: int
    sku: str
    barcode: str
    name: str
    price_huf: Decimal
    vat_rate: int
    tax_class: str
    parent_name: str | None = None
    parent_sku: str | None = None
    attributes: tuple[tuple[str, str, str], ...] = ()
    stock: int = 100

    @property
    def own_id(self) -> int:
        """The id under which the shop's API knows it."""
        return self.variation_id or self.product_id


def gtin13(first_twelve: str) -> str:
    """The twelve digits with their GS1 check digit."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return first_twelve + str(-total % 10)


# Name, SKU, gross price in HUF, tax class, and for variable products the variations (SKU ending, attribute values).
_Rows = tuple[tuple[str, str, int, str, tuple[tuple[str, dict[str, str]], ...]], ...]
_ROWS: _Rows = (
    ("Szemes kávé, Etiópia Yirgacheffe 250 g", "KAV-ETI-250", 3690, "", ()),
    ("Szemes kávé, Brazília Santos 1 kg", "KAV-BRA-1000", 9490, "", ()),
    ("Kávédaráló, kézi", "KAV-001", 12990, "", ()),
    ("Kotyogós kávéfőző, 3 személyes", "KAV-KOT-3", 8990, "", ()),
    ("Papírfilter V60, 100 db", "KAV-FIL-100", 2190, "", ()),
    ("Bögre &amp; csészealj", "BOG-002", 4490, "", ()),
    ("Hőtartó kulacs 500 ml", "KUL-500", 6990, "", ()),
    ("Őszibarack lekvár 370 ml „nagyi”", "LEK-018", 2190, "reduced-rate", ()),
    ("Eperlekvár 370 ml „nagyi”", "LEK-019", 2290, "reduced-rate", ()),
    ("Kézműves vajas keksz 200 g", "KEK-200", 1790, "reduced-rate", ()),
    ("Tej, laktózmentes 1 l", "TEJ-001", 589, "reduced-rate", ()),
    ("Könyv: A Pál utcai fiúk", "KNY-005", 2990, "5-afa", ()),
    ("Könyv: Egri csillagok", "KNY-006", 3490, "5-afa", ()),
    ("Könyv: Szent Péter esernyője", "KNY-007", 2790, "5-afa", ()),
    ("Könyv: Tündérkert", "KNY-008", 5990, "5-afa", ()),
    ("Hangoskönyv: Ábel a rengetegben", "KNY-H-001", 4290, "", ()),
    ("Könyvjelző, fűzfa", "JEL-001", 890, "", ()),
    ("Olvasólámpa, csíptetős", "LAM-001", 5490, "", ()),
    ("Vászontáska – Olvasni jó", "TAS-001", 2490, "", ()),
    (
        "Póló",
        "POLO",
        5990,
        "",
        (
            ("S-K", {"meret": "S", "szin": "Kék"}),
            ("M-K", {"meret": "M", "szin": "Kék"}),
            ("L-P", {"meret": "L", "szin": "Piros"}),
        ),
    ),
    (
        "Szemes kávé, Házi keverék",
        "KAV-HAZ",
        3290,
        "",
        (("250", {"kiszereles": "250 g"}), ("500", {"kiszereles": "500 g"})),
    ),
    ("Ajándékutalvány", "UTAL-5000", 5000, "", ()),
)
_ATTRIBUTE_NAMES = {"meret": "Méret", "szin": "Szín", "kiszereles": "Kiszerelés"}


def _build() -> tuple[CatalogueItem, ...]:
    items: list[CatalogueItem] = []
    next_id = FIRST_PRODUCT_ID
    for name, sku, price, tax_class, variations in _ROWS:
        product_id, next_id = next_id, next_id + 1
        rate = RATE_OF_CLASS[tax_class][1]
        if not variations:
            barcode = gtin13(f"5990001{product_id:05d}")
            items.append(CatalogueItem(product_id, 0, sku, barcode, name, Decimal(price), rate, tax_class))
        for ending, attributes in variations:
            variation_id, next_id = next_id, next_id + 1
            items.append(
                CatalogueItem(
                    product_id,
                    variation_id,
                    f"{sku}-{ending}",
                    gtin13(f"5990001{variation_id:05d}"),
                    f"{name} - {', '.join(attributes.values())}",
                    Decimal(price),
                    rate,
                    tax_class,
                    parent_name=name,
                    parent_sku=sku,
                    attributes=tuple((slug, _ATTRIBUTE_NAMES[slug], value) for slug, value in attributes.items()),
                )
            )
    return tuple(items)


ITEMS: tuple[CatalogueItem, ...] = _build()


def catalogue() -> tuple[CatalogueItem, ...]:
    """Everything that can be ordered in a sandbox shop, so that the demo can load the same SKUs into Pult."""
    return ITEMS
