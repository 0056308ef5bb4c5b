/**
 * A certificate for 127.0.0.1 that nobody but itself signed, good for a hundred years, and its key; made for tests with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1`. It protects nothing.
 */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtjgljYzq+0nwO3U/
D6bZ8vXuF49/f0j1AmLpIhUBbgahRANCAATibXD8NHVPG2+ac/iAZyP4IIpTLT0M
NFyyrEltZ0lSXd2Z6nBGtrdn2hEfm+lL52XEStt6yV1dTo1nQxYywZNJ
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBjzCCATagAwIBAgIUM7BuwoZW85WI3+1Sw5k3gIPds5cwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMzAwMzI0NloYDzIxMjYxMDMw
MDAzMjQ2WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATibXD8NHVPG2+ac/iAZyP4IIpTLT0MNFyyrEltZ0lSXd2Z6nBGtrdn
2hEfm+lL52XEStt6yV1dTo1nQxYywZNJo2QwYjAdBgNVHQ4EFgQUD4tTrFmrnui4
8fbyyIxEsaZM7t4wHwYDVR0jBBgwFoAUD4tTrFmrnui48fbyyIxEsaZM7t4wDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQC
IHKfcbVLdCJ7kU8FiJ3EB1clRqkfgYM4GlLKMe/OgbToAiBEH2AewAzFzb2NLpWV
R6rVhw1VQC5kPGCzAmVNjRKD7Q==
-----END CERTIFICATE-----
`,
};
