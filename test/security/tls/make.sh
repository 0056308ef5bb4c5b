#!/bin/sh
# Makes the certificates of test/security/urls.test.ts, with OpenSSL 3: an authority whose key is thrown away, and for one server key a certificate that
# is good for thirty years, one that has expired and one that nobody signed. They are trusted by no computer and protect nothing.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
names='DNS:pictures.example,DNS:*.pictures.example,DNS:other.example,IP:93.184.216.34,IP:2606:4700:4700::1111'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10950 -subj '/CN=limner test authority' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' -keyout "$work/authority.key" -out authority.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out server-key.pem
openssl req -new -key server-key.pem -subj '/CN=pictures.example' -out "$work/server.csr"
printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$names" >"$work/names"
printf '[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=%s\ndatabase=%s/index\nserial=%s/serial\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' \
  "$work" "$work" "$work" >"$work/ca.cnf"
: >"$work/index"
echo 02 >"$work/serial"
sign() {
  openssl ca -batch -notext -config "$work/ca.cnf" -cert authority.pem -keyfile "$work/authority.key" -in "$work/server.csr" \
    -extfile "$work/names" "$@"
}
sign -days 10950 -out server.pem
sign -startdate 200101000000Z -enddate 210101000000Z -out expired.pem
openssl req -x509 -key server-key.pem -subj '/CN=pictures.example' -days 10950 -addext "subjectAltName=$names" -out self-signed.pem
rm -r "$work"
