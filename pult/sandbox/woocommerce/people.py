"""Believable Hungarian buyers: names, addresses with true postcodes, invented companies, parcel lockers."""

from __future__ import annotations

from random import Random
from typing import Any

LAST_NAMES = [
    "Nagy",
    "Kovács",
    "Tóth",
    "Szabó",
    "Horváth",
    "Varga",
    "Kiss",
    "Molnár",
    "Németh",
    "Farkas",
    "Balogh",
    "Papp",
    "Takács",
    "Juhász",
    "Lakatos",
    "Mészáros",
    "Oláh",
    "Simon",
    "Rácz",
    "Fekete",
    "Szilágyi",
    "Török",
    "Fehér",
    "Gál",
    "Kis",
    "Szűcs",
    "Kocsis",
    "Orsós",
    "Pintér",
    "Fodor",
    "Őri",
    "Győrffy",
]
FIRST_NAMES = [
    "Anna",
    "Eszter",
    "Katalin",
    "Zsuzsanna",
    "Ildikó",
    "Erzsébet",
    "Judit",
    "Réka",
    "Boglárka",
    "Nóra",
    "Ágnes",
    "Tünde",
    "László",
    "István",
    "József",
    "János",
    "Zoltán",
    "Sándor",
    "Ferenc",
    "Gábor",
    "Attila",
    "Péter",
    "Tamás",
    "Zsolt",
    "Csaba",
    "Balázs",
    "Bence",
    "Máté",
    "Dániel",
    "Ádám",
    "Őrs",
    "Ödön",
]
# City, postcode, county code as WooCommerce has it.
PLACES = (
    ("Budapest", "1052", "BU"),
    ("Budapest", "1114", "BU"),
    ("Budapest", "1137", "BU"),
    ("Budapest", "1074", "BU"),
    ("Budapest", "1201", "BU"),
    ("Debrecen", "4024", "HB"),
    ("Szeged", "6720", "CS"),
    ("Miskolc", "3525", "BZ"),
    ("Pécs", "7621", "BA"),
    ("Győr", "9021", "GS"),
    ("Nyíregyháza", "4400", "SZ"),
    ("Kecskemét", "6000", "BK"),
    ("Székesfehérvár", "8000", "FE"),
    ("Szombathely", "9700", "VA"),
    ("Eger", "3300", "HE"),
    ("Veszprém", "8200", "VE"),
    ("Sopron", "9400", "GS"),
    ("Érd", "2030", "PE"),
    ("Vác", "2600", "PE"),
    ("Hódmezővásárhely", "6800", "CS"),
)
STREETS = [
    "Kossuth Lajos utca",
    "Petőfi Sándor utca",
    "Széchenyi tér",
    "Bartók Béla út",
    "Rákóczi út",
    "Ady Endre utca",
    "Fő utca",
    "Dózsa György út",
    "József Attila utca",
    "Arany János utca",
    "Jókai Mór utca",
    "Béke utca",
    "Szabadság tér",
    "Vörösmarty utca",
]
COMPANIES = [
    "Minta-Fa Kft.",
    "Zöldfülű Kertészet Bt.",
    "Próba Bt.",
    "Holdfény Stúdió Kft.",
    "Dunamenti Papír Kft.",
    "Őszirózsa Panzió Kft.",
    "Kékmadár Könyvelőiroda Kft.",
    "Tiszavirág Kávézó Bt.",
    "Három Kismalac Építő Kft.",
    "Csillagösvény Nonprofit Kft.",
]
# Provider, point id, point name, postcode, city, street, coordinates.
LOCKERS = (
    (
        "foxpost",
        "HU1117-0042",
        "FOXPOST Allee",
        "1117",
        "Budapest",
        "Október huszonharmadika utca 8-10.",
        (47.475, 19.05),
    ),
    ("foxpost", "HU4024-0007", "FOXPOST Fórum Debrecen", "4024", "Debrecen", "Csapó utca 30.", (47.532, 21.63)),
    (
        "gls_locker",
        "1117-GLSLOCKER07",
        "GLS automata Fehérvári út",
        "1117",
        "Budapest",
        "Fehérvári út 12.",
        (47.47, 19.04),
    ),
    ("packeta", "17231", "Z-BOX Szeged, Mars tér", "6724", "Szeged", "Mars tér 8.", (46.256, 20.138)),
    ("postapont_automata", "26009", "MPL automata Árkád Győr", "9027", "Győr", "Budai út 1.", (47.689, 17.648)),
)
NOTES = (
    "Kérem, csengessenek!",
    "A kapukód 42#, köszönöm.",
    "Ajándék lesz, kérem árcímke nélkül.",
    "Délután 4 után vagyok itthon.",
    "A szomszédnak is átadható 🙂",
)
_ASCII = str.maketrans("áéíóöőúüűÁÉÍÓÖŐÚÜŰ", "aeiooouuuAEIOOOUUU")


def tax_number(rng: Random) -> str:
    """A Hungarian tax number whose check digit is right (weights 9 7 3 1 9 7 3; Art. 2017/CL, decree 44/2017)."""
    first_seven = f"{rng.randrange(1_000_000, 3_000_000)}"
    total = sum(int(digit) * weight for digit, weight in zip(first_seven, (9, 7, 3, 1, 9, 7, 3), strict=True))
    return f"{first_seven}{-total % 10}-2-{rng.choice(('03', '09', '13', '41', '42', '43'))}"


def buyer(rng: Random, *, company: bool) -> tuple[dict[str, str], str | None]:
    """A billing address and, for a company, its tax number."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    city, postcode, county = rng.choice(PLACES)
    mailbox = f"{last}.{first}{rng.randrange(100) or ''}".translate(_ASCII).lower()
    floor = rng.choice(("", "", "", f" {rng.randrange(1, 9)}/{rng.randrange(1, 20)}"))
    address = {
        "first_name": first,
        "last_name": last,
        "company": rng.choice(COMPANIES) if company else "",
        "address_1": f"{rng.choice(STREETS)} {rng.randrange(1, 120)}.{floor}",
        "address_2": "",
        "city": city,
        "state": rng.choice((county, "")),
        "postcode": postcode,
        "country": "HU",
        "email": f"{mailbox}@example.test",
        "phone": f"+36{rng.choice(('20', '30', '70'))}{rng.randrange(1_000_000, 10_000_000)}",
    }
    return address, tax_number(rng) if company else None


def locker(rng: Random, billing: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, Any]]]:
    """The shipping address and the order meta that VP Woo Pont writes when the buyer chooses a parcel locker.

    The plug-in overwrites the shipping address with the point's; the point's name stands in `company`.
    """
    provider, point_id, name, postcode, city, street, (lat, lon) = rng.choice(LOCKERS)
    shipping = {
        "first_name": billing["first_name"],
        "last_name": billing["last_name"],
        "company": name,
        "address_1": street,
        "address_2": "",
        "city": city,
        "state": "",
        "postcode": postcode,
        "country": "HU",
        "phone": billing["phone"],
    }
    meta: list[tuple[str, Any]] = [
        ("_vp_woo_pont_provider", provider),
        ("_vp_woo_pont_point_id", point_id),
        ("_vp_woo_pont_point_name", name),
        ("_vp_woo_pont_point_coordinates", f"{lat};{lon}"),
    ]
    return shipping, meta
