"""``python -m stripe_sandbox --port 8100 --webhook-url URL --webhook-secret SECRET``"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from stripe_sandbox import API_VERSION
from stripe_sandbox.server import Server


def main() -> int:
    options = _options()
    logging.basicConfig(format="stripe_sandbox: %(levelname)s %(message)s", level=logging.INFO)
    settings = {
        "webhook_url": options.webhook_url,
        "webhook_secret": options.webhook_secret,
        "payout_delay": options.payout_delay,
        "settle_delay": options.settle_delay,
        "deliver_by_itself": not options.no_delivery_thread,
    }
    if options.base_url:
        settings["base_url"] = options.base_url.rstrip("/")
    server = Server(options.port, options.store, **settings)

    def stop(*_: object) -> None:
        # serve_forever runs in this very thread, and waits for nobody but another.
        threading.Thread(target=server.stop).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    logging.getLogger(__package__).info(
        "Stripe sandbox, %s, on %s", API_VERSION, server.world.settings.base_url
    )
    server.serve()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="on the loopback; 0: any free one")
    parser.add_argument("--webhook-url", help="where events go; none are sent without it")
    parser.add_argument("--webhook-secret", default="whsec_sandbox")
    parser.add_argument("--store", help="an SQLite file that outlives the process")
    parser.add_argument("--base-url", help="what pay pages are called, if not 127.0.0.1:port")
    parser.add_argument(
        "--payout-delay", type=int, default=5, metavar="SECONDS", help="of sandbox time (5)"
    )
    parser.add_argument(
        "--settle-delay", type=int, default=1, metavar="SECONDS", help="of sandbox time (1)"
    )
    parser.add_argument(
        "--no-delivery-thread", action="store_true", help="only POST /_sandbox/deliver delivers"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
