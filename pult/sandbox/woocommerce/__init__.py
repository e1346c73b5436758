"""A small WooCommerce: real HTTP on loopback, wc/v3 as strict and as odd as two real servers were seen to be.

`SandboxShop` is the shop's state and its people's verbs, `SandboxServer` puts shops on a port, `demo` keeps them busy.
It knows nothing of Pult; the project's command line and tests start it.
"""

from pult.sandbox.woocommerce.catalogue import CatalogueItem, catalogue
from pult.sandbox.woocommerce.demo import demo_keys, run_demo_shops
from pult.sandbox.woocommerce.orders import Wish
from pult.sandbox.woocommerce.server import SandboxServer
from pult.sandbox.woocommerce.shop import Checkout, SandboxShop, ShopError

__all__ = [
    "CatalogueItem",
    "Checkout",
    "SandboxServer",
    "SandboxShop",
    "ShopError",
    "Wish",
    "catalogue",
    "demo_keys",
    "run_demo_shops",
]
