#!/usr/bin/env python3
"""Serves privacyIDEA over HTTP. usage: privacyidea_serve.py CONFIGURATION HOST PORT"""

import sys

# The folder of this script has a module of the same name.
sys.path.pop(0)
from privacyidea.app import create_app  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

configuration, host, port = sys.argv[1:4]
run_simple(host, int(port), create_app(config_name="production", config_file=configuration, silent=True), threaded=True)
