"""What tests build with: waiting, free ports, a worker for what is due, a whole Pult of real processes, a browser.

It sees every app below; nothing but tests sees it.
"""

from pult.testing.processes import LivePult, live_pult, run_worker_until_idle
from pult.testing.waiting import free_port, wait_until

__all__ = ["LivePult", "free_port", "live_pult", "run_worker_until_idle", "wait_until"]
