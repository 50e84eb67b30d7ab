# SPDX-License-Identifier: Apache-2.0
"""What deploy/clients/README.md says of Python, by urllib and pandas: each feature as a section
"== FEATURE" of what it gave. The questions come in the environment."""
import json
import os
import urllib.error
import urllib.request

import pandas

URL = os.environ["FREEHOLD_URL"]


def ask(sql, form="text/csv", timeout=100, token=os.environ["FREEHOLD_TOKEN"], **params):
    headers = {"Content-Type": "application/json", "Accept": form}
    if token:
        headers["Authorization"] = "Bearer " + token
    body = json.dumps({"sql": sql, "params": params}).encode()
    return urllib.request.urlopen(urllib.request.Request(URL + "/v1/query", body, headers), timeout=timeout)


def frame(name, **params):
    return pandas.read_csv(ask(os.environ[name], **params)).to_csv(index=False).rstrip()


def as_json():
    answer = json.load(ask(os.environ["MASKED"], "application/json"))
    rows = pandas.DataFrame(answer["rows"], columns=[column["name"] for column in answer["columns"]])
    return rows.to_csv(index=False).rstrip()


def stranger():
    try:
        return ask(os.environ["ONE"], token="", id=1).status
    except urllib.error.HTTPError as error:
        return error.code


def cancel():
    try:
        return ask(os.environ["LONG"], timeout=1).read()
    except TimeoutError:
        return "TimeoutError"


def sunset():
    return urllib.request.urlopen(URL + "/v1/products/shop/old", timeout=100).headers["Sunset"]


for feature, make in {
    "sign-in": stranger,
    "csv": lambda: frame("MASKED"),
    "masked": lambda: frame("MASKED"),
    "json": as_json,
    "join": lambda: frame("JOINED"),
    "parameters": lambda: frame("ONE", id=1),
    "deprecation": sunset,
    "cancel": cancel,
}.items():
    print(f"== {feature}\n{make()}", flush=True)
