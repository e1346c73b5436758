"""Years of a busy company in a minute: orders, lines and customers that the database makes in its own tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from pult.bench.orders import FAMILY, GIVEN, PRODUCTS, STREETS, TOWNS
from pult.channels.services import add_channel
from pult.history.types import SYSTEM
from pult.lib.search import fold

TABLES = (
    "customers_customer",
    "customers_identity",
    "orders_order",
    "orders_orderline",
    "orders_problem",
    "orders_refund",
)
CHANNELS = (
    # code, kind, platform, and up to which of a thousand orders are its own
    ("main", "webshop", "woocommerce", 600),
    ("second", "webshop", "woocommerce", 850),
    ("store", "store", None, 950),
    ("retailer", "edi", None, 999),
    ("phone", "custom", None, 1000),
)
STRANGE_SKU = "UNKNOWN-77"
"""A code that no product has; a few hundred lines carry it."""


def fill(orders: int) -> None:
    """`orders` orders over two years, two product lines and shipping each, a customer for every three."""
    add_products(PRODUCTS)
    ids = [
        add_channel(actor=SYSTEM, code=code, kind=kind, platform=platform, name=code.title()).pk
        for code, kind, platform, _ in CHANNELS
    ]
    bounds = " ".join(f"WHEN n * 7919 %% 1000 < {most} THEN {pk}" for pk, (*_, most) in zip(ids, CHANNELS, strict=True))
    values = {
        "orders": orders,
        "customers": max(orders // 3, 1),
        "family": list(FAMILY),
        "given": list(GIVEN),
        "folded_family": [fold(name) for name in FAMILY],
        "folded_given": [fold(name) for name in GIVEN],
        "towns": [town for _, town in TOWNS],
        "streets": list(STREETS),
        "products": len(PRODUCTS),
        "unknown": STRANGE_SKU,
        "unknown_folded": fold(STRANGE_SKU),
    }
    with without_triggers_and_indexes(), connection.cursor() as cursor:
        for statement in (_CUSTOMERS, _ORDERS.replace("/*channel*/", bounds), _LINES, _PROBLEMS, _REFUNDS):
            cursor.execute(statement, values)
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608
            cursor.execute(f"VACUUM ANALYZE {table}")


def add_products(products: Sequence[tuple[str, str, int]]) -> None:
    """Products by (SKU, name, gross price), in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalogue_product (sku, name, unit, currency, price_gross, is_active, search_text)"
            " SELECT sku, name, 'db', 'HUF', price, true, lower(sku || ' ' || name)"
            " FROM unnest(%s::text[], %s::text[], %s::numeric[]) AS p(sku, name, price)",
            [list(column) for column in zip(*products, strict=True)],
        )


@contextmanager
def without_triggers_and_indexes() -> Iterator[None]:
    """Triggers and foreign keys sleep; indexes that are no constraints are built afterwards, in one go."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid = ANY(%s::text[]::regclass[]) AND NOT EXISTS"
            " (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
            [list(TABLES)],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        # asks for a superuser, which Pult's own server and that of most machines gives
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("RESET maintenance_work_mem")


_CUSTOMERS = """
INSERT INTO customers_customer (id, type, name, email, phone, search_text)
SELECT n, 'person', (%(family)s::text[])[1 + n %% 12] || ' ' || (%(given)s::text[])[1 + n / 12 %% 12],
  'vevo' || n || '@example.test', '+3630' || lpad((n * 6151 %% 10000000)::text, 7, '0'),
  (%(folded_family)s::text[])[1 + n %% 12] || ' ' || (%(folded_given)s::text[])[1 + n / 12 %% 12]
  || ' vevo' || n || '@example.test 3630' || lpad((n * 6151 %% 10000000)::text, 7, '0')
FROM generate_series(1::bigint, %(customers)s) n
"""

_ORDERS = """
INSERT INTO orders_order (id, number, channel_id, external_id, reuse_mark, external_number, external_status, status,
  payment_status, fulfilment_status, moved_by, placed_at, received_at, updated_at, currency, customer_id, buyer_type,
  buyer_name, buyer_email, buyer_phone, billing_address, shipping_address, payment_method, payment_name, paid,
  refunded, shipping_method, shipping_name, tracking_numbers, total_net, total_vat, total_gross, coupons, tags,
  open_problems, search_text)
SELECT n, 'P2026-' || lpad(n::text, 7, '0'), CASE /*channel*/ END, (n + 1000)::text, '', (n + 1000)::text, 'processing',
  status,
  CASE WHEN status = 'returned' THEN 'refunded' WHEN n %% 3 = 0 THEN 'unpaid' WHEN n %% 5003 = 0 THEN 'partly_paid'
       ELSE 'paid' END,
  CASE WHEN status = 'completed' THEN 'fulfilled' WHEN status = 'returned' THEN 'returned' ELSE 'unfulfilled' END,
  'channel', placed_at, placed_at, placed_at + interval '1 minute', CASE WHEN n %% 50 = 0 THEN 'EUR' ELSE 'HUF' END,
  c.id, 'person', c.name, c.email, c.phone, address, address, 'cod', 'Utánvét',
  CASE WHEN n %% 3 = 0 OR status = 'cancelled' THEN 0 ELSE 12700 END, 0, 'flat_rate', 'GLS futár', '{}',
  10000, 2700, 12700, '{}', '{}', CASE WHEN n %% 997 = 0 THEN 1 ELSE 0 END,
  lower('P2026-' || lpad(n::text, 7, '0')) || ' ' || (n + 1000) || ' ' || c.search_text
  || ' sku-' || lpad((n * 31 %% %(products)s)::text, 5, '0')
  || CASE WHEN n %% 3001 = 0 THEN ' ' || %(unknown_folded)s
     ELSE ' sku-' || lpad((n * 17 %% %(products)s)::text, 5, '0') END
FROM (
  SELECT n,
    CASE WHEN n > %(orders)s - 300 THEN 'new' WHEN n > %(orders)s - 500 THEN 'processing'
         WHEN n %% 10007 = 0 THEN 'on_hold' WHEN n %% 20 = 0 THEN 'cancelled' WHEN n %% 101 = 0 THEN 'returned'
         ELSE 'completed' END AS status,
    now() - interval '730 days' * (1 - n::float8 / %(orders)s) AS placed_at,
    -- a hundredth of all orders are one company's
    CASE WHEN n %% 100 = 0 THEN 1 ELSE 1 + n * 104729 %% %(customers)s END AS customer_id,
    jsonb_build_object('country', 'HU', 'city', (%(towns)s::text[])[1 + n %% 5],
      'street', (%(streets)s::text[])[1 + n %% 5] || ' ' || n %% 180) AS address
  FROM generate_series(1::bigint, %(orders)s) n
) made JOIN customers_customer c ON c.id = made.customer_id
ORDER BY n
"""

_LINES = """
INSERT INTO orders_orderline (order_id, position, kind, product_id, sku, external_sku, name, quantity, unit,
  unit_price_net, unit_price_gross, discount_gross, vat_rate, net, vat, gross)
SELECT made.n, made.position, CASE WHEN made.position = 3 THEN 'shipping' ELSE 'product' END, p.id, p.sku, made.sku,
  coalesce(p.name, 'Valami'), 1, 'db', 4000, 5080, 0, 27, 4000, 1080, 5080
FROM (
  SELECT n, position, CASE
    WHEN position = 1 THEN 'SKU-' || lpad((n * 31 %% %(products)s)::text, 5, '0')
    WHEN position = 2 AND n %% 3001 = 0 THEN %(unknown)s
    WHEN position = 2 THEN 'SKU-' || lpad((n * 17 %% %(products)s)::text, 5, '0') END AS sku
  FROM generate_series(1::bigint, %(orders)s) n, generate_series(1, 3) position
) made LEFT JOIN catalogue_product p ON p.sku = made.sku
ORDER BY made.n, made.position
"""

_PROBLEMS = """
INSERT INTO orders_problem (order_id, code, params)
SELECT id, 'totals_differ', '{}' FROM orders_order WHERE open_problems > 0
"""

_REFUNDS = """
INSERT INTO orders_refund (order_id, external_id, gross, net, vat, refunded_at)
SELECT id, 'r' || id, 12700, 10000, 2700, placed_at + interval '3 days' FROM orders_order WHERE status = 'returned'
"""
