#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A test CA, its hashed folder, and server certificates good and bad, by the openssl command:
certificate.py FOLDER"""

import os
import subprocess
import sys
from dataclasses import dataclass

LOOPBACK = "IP:127.0.0.1,DNS:localhost"
# openssl ca, unlike x509, takes both dates, and so can issue what has expired already.
CONFIG = """
[ca]
default_ca = test
[test]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = serverAuth
"""
FOREVER = ("20200101000000Z", "20991231235959Z")
PAST = ("20200101000000Z", "20210101000000Z")


@dataclass
class Certificates:
    """Paths. `ca_folder` is hashed for OpenSSL; `empty_folder` holds no CA at all."""

    ca: str
    ca_folder: str
    empty_folder: str
    good: tuple
    expired: tuple
    wrong_name: tuple


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")


def _new_key(folder, name):
    path = os.path.join(folder, f"{name}.key")
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    return path


def _make_ca(folder, config):
    key = _new_key(folder, "ca")
    hashed = os.path.join(folder, "ca")
    os.mkdir(hashed)
    path = os.path.join(hashed, "ca.pem")
    _openssl("req", "-x509", "-new", "-config", config, "-key", key, "-out", path, "-days",
             "36500", "-subj", "/CN=awstap test CA", "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl("rehash", hashed)
    return path, hashed


def _issue(folder, config, name, names, dates):
    """A server certificate for the subjectAltName `names`; returns (certificate, key)."""
    key = _new_key(folder, name)
    request = os.path.join(folder, f"{name}.csr")
    path = os.path.join(folder, f"{name}.pem")
    _openssl("req", "-new", "-config", config, "-key", key, "-out", request, "-subj",
             f"/CN=awstap test {name}", "-addext", f"subjectAltName={names}")
    _openssl("ca", "-batch", "-config", config, "-in", request, "-out", path, "-notext",
             "-cert", os.path.join(folder, "ca", "ca.pem"),
             "-keyfile", os.path.join(folder, "ca.key"),
             "-startdate", dates[0], "-enddate", dates[1])
    return path, key


def make(folder):
    """Make everything in `folder` (new, or empty); returns Certificates. RuntimeError where
    openssl fails."""
    os.makedirs(folder, exist_ok=True)
    empty = os.path.join(folder, "no-ca")
    os.mkdir(empty)
    config = os.path.join(folder, "openssl.cnf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(folder=folder) + "[req]\ndistinguished_name = any\n")
    with open(os.path.join(folder, "index.txt"), "w", encoding="utf-8"):
        pass
    ca, hashed = _make_ca(folder, config)
    return Certificates(
        ca, hashed, empty,
        good=_issue(folder, config, "good", LOOPBACK, FOREVER),
        expired=_issue(folder, config, "expired", LOOPBACK, PAST),
        wrong_name=_issue(folder, config, "wrong-name", "DNS:wrong.example", FOREVER))


if __name__ == "__main__":
    print(make(sys.argv[1]))
