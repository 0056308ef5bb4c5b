#!/bin/sh
# Makes the certificates of a network that opens encrypted connections (test/google/network.ts), with OpenSSL 3: an authority whose key is thrown away, and a server's
# that is good for thirty years and for whatever the tests ask for. They are trusted by no computer and protect nothing.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
names='DNS:*.googleapis.com,DNS:gateway.example,DNS:proxy.example,IP:127.0.0.1'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10950 -subj '/CN=limner test proxy authority' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' -keyout "$work/authority.key" -out authority.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out server-key.pem
openssl req -new -key server-key.pem -subj '/CN=limner test proxy' -out "$work/server.csr"
printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$names" >"$work/names"
openssl x509 -req -in "$work/server.csr" -CA authority.pem -CAkey "$work/authority.key" -CAcreateserial -days 10950 -extfile "$work/names" -out server.pem
rm -r "$work" authority.srl 2>/dev/null || true
