/**
 * The security checklist (ASVS 5.0.0, API Top 10 2023), line by line, and the tests that hold it: the file, and a part
 * of the title. A line without a test, or a test that has lost its name, fails `security-checklist.spec.ts`.
 */
export const CHECKLIST: Readonly<Record<string, readonly (readonly [file: string, title: string])[]>> = {
  L01: [
    ['test/e2e/route-rules.spec.ts', "is 404 for whoever asks for somebody else's things"],
    ['test/e2e/route-rules.spec.ts', "does not reach somebody else's things by other ways than paths"],
    ['test/e2e/gpu-input.spec.ts', "of somebody else's things"],
  ],
  L02: [
    ['test/e2e/route-rules.spec.ts', 'is 403 for everybody who is no administrator when it is for those'],
    ['test/e2e/route-rules.spec.ts', 'is 401 without a credential'],
    ['test/architecture/route-access.spec.ts', 'are for administrators wherever their path says so'],
    ['test/architecture/route-access.spec.ts', 'each declare how they may be reached'],
  ],
  L03: [
    ['test/e2e/route-rules.spec.ts', 'tells no secret, no SQL and no stack in any answer of this file'],
    ['test/e2e/openapi-fuzz.spec.ts', 'make no 5xx, no stack trace and no secret'],
  ],
  L04: [['test/e2e/route-inputs.spec.ts', 'is refused when it has a field that nobody knows, and names it']],
  L05: [['test/database/identity-throttling.spec.ts', 'is lost by an administrator at once']],
  L06: [
    ['test/e2e/route-rules.spec.ts', "does not reach somebody else's things by other ways than paths"],
    ['test/contracts/rate-store.contract.spec.ts', 'keeps keys and policies apart'],
    ['test/e2e/proxy-engine-door.spec.ts', "shows nobody another user's pools and rentals"],
  ],
  L07: [['src/users/passwords/password-policy.spec.ts', 'refuses %j']],
  L08: [
    ['test/database/identity-throttling.spec.ts', 'with any of the 3,000 most frequent passwords'],
    ['src/users/passwords/password-policy.spec.ts', 'refuses each of the 3,000 most frequent passwords'],
  ],
  L09: [['src/users/passwords/password-policy.spec.ts', 'accepts %j']],
  L10: [
    ['test/database/identity-throttling.spec.ts', 'of two accounts with equal beginnings of long passwords'],
    ['src/users/passwords/password-hasher.spec.ts', 'with the same first 72 bytes'],
  ],
  L11: [
    ['test/database/identity-throttling.spec.ts', 'of two accounts with equal beginnings of long passwords'],
  ],
  L12: [['test/database/identity-logins.spec.ts', 'changes nothing with %s']],
  L13: [
    [
      'test/database/identity-throttling.spec.ts',
      'begins after five failures and holds against the right password',
    ],
  ],
  L14: [['test/database/identity-throttling.spec.ts', "is nobody's in a new database"]],
  L15: [
    [
      'test/database/identity-logins.spec.ts',
      'tells an unknown account, a wrong password and a disabled account',
    ],
    ['src/users/passwords/password-hasher.spec.ts', 'spends on nothing what it spends on a password'],
  ],
  L16: [['test/database/identity-logins.spec.ts', 'with a weak password can do nothing but choose another']],
  L17: [
    ['test/architecture/randomness.spec.ts', 'never come from Math.random'],
    ['src/auth/api-keys/api-key-format.spec.ts', 'have the published shape'],
    ['src/sessions/refresh-tokens.spec.ts', 'carry their session, and nothing that is the same twice'],
  ],
  L18: [['test/database/identity-logins.spec.ts', 'replaces the login whose token comes with it']],
  L19: [
    ['test/database/identity-logins.spec.ts', 'ends after seven idle days'],
    ['test/database/identity-logins.spec.ts', 'ends after thirty days however often it is used'],
  ],
  L20: [
    ['test/database/identity-logins.spec.ts', 'comes at once with logout, by access token'],
    ['test/database/identity-logins.spec.ts', 'comes everywhere with logout-all'],
    ['test/database/identity-logins.spec.ts', 'comes at once when the account is disabled'],
    ['test/database/identity-logins.spec.ts', 'ends every login and answers a new one'],
    ['test/e2e/redis-processes.spec.ts', 'a login is ended for one by the other'],
    ['test/e2e/raw-socket.spec.ts', 'closes with 4401 when the login ends'],
  ],
  L21: [
    ['test/database/identity-logins.spec.ts', 'are listed, newest first, page by page'],
    ['test/database/identity-logins.spec.ts', 'of others are not there'],
  ],
  L22: [
    ['src/auth/tokens/access-token.service.spec.ts', 'refuses a token with any single bit changed'],
    ['test/e2e/tampered-tokens.spec.ts', 'is 401 with any character of its parts changed'],
  ],
  L23: [
    ['test/e2e/tampered-tokens.spec.ts', 'is 401 with the algorithm %j, signed or not'],
    ['test/e2e/tampered-tokens.spec.ts', 'is 401 when a public key is its secret, or signs it'],
  ],
  L24: [['test/e2e/tampered-tokens.spec.ts', 'is 401 with a key, or a place to find one, of its own']],
  L25: [['test/e2e/tampered-tokens.spec.ts', 'is 401 outside its time']],
  L26: [
    ['test/e2e/tampered-tokens.spec.ts', 'is 401 when it is a refresh token'],
    ['test/database/identity-logins.spec.ts', 'keeps access and refresh tokens apart'],
  ],
  L27: [['test/e2e/tampered-tokens.spec.ts', 'is 401 for another audience, issuer, login or user']],
  L28: [['test/e2e/route-inputs.spec.ts', 'is never read as SQL: in queries, paths and bodies']],
  L29: [
    ['test/e2e/egress-refusals.spec.ts', 'are refused with protocol %s and %s://'],
    ['test/e2e/egress-refusals.spec.ts', 'have no other way in: these are all the fields'],
    ['src/egress/guard.spec.ts', '%s, with the listener seeing nothing'],
  ],
  L30: [
    ['test/e2e/proxy-engine-headers.spec.ts', 'passes redirects on without following them'],
    ['src/providers/farm-client.spec.ts', 'does not follow a redirect with the key'],
    ['src/egress/probe.client.spec.ts', 'gives up in time, cuts long answers and follows no redirect'],
    ['test/database/billing-afterdark.spec.ts', 'a redirect to the metadata service'],
    [
      'src/billing/processors/crypto/chain/viem-chain-reader.spec.ts',
      'does not follow a redirect, which would take the key elsewhere',
    ],
  ],
  L31: [
    ['src/auth/client-address.spec.ts', 'trusts nobody unless told'],
    ['test/database/identity-throttling.spec.ts', 'believes X-Forwarded-For of trusted proxies only'],
    ['test/database/identity-key-limits.spec.ts', 'are not talked round by headers of the caller'],
  ],
  L32: [['test/e2e/route-inputs.spec.ts', 'changes no prototype: %s']],
  L33: [['test/e2e/route-inputs.spec.ts', 'is refused when a query parameter stands twice']],
  L34: [
    ['test/e2e/route-inputs.spec.ts', 'is answered in a type with a character set, and JSON only is read'],
  ],
  L35: [
    ['test/e2e/route-inputs.spec.ts', 'with %s is 400, and the connection ends'],
    ['test/e2e/proxy-engine-headers.spec.ts', 'when there is %s'],
    ['test/e2e/proxy-engine-headers.spec.ts', 'when lines end in bare line feeds'],
  ],
  L36: [
    ['test/e2e/raw-socket.spec.ts', 'is closed to pages of %s, even with a good key'],
    ['test/e2e/raw-socket.spec.ts', 'refuses credentials in the URL and bad ones before the upgrade'],
    ['test/e2e/raw-socket.spec.ts', 'gives a silent client five seconds'],
    ['test/e2e/raw-socket.spec.ts', 'closes with 4401 when the key is revoked'],
  ],
  L37: [
    ['test/database/billing-payments.spec.ts', 'without a card waits for the payer and credits nothing'],
    [
      'test/database/billing-payments.spec.ts',
      'with a card that must be confirmed waits, and credits once it was',
    ],
  ],
  L38: [
    [
      'test/database/credits-concurrency.spec.ts',
      'accepts exactly as many of 64 parallel holds as there are funds for',
    ],
    ['test/database/credits-concurrency.spec.ts', 'posts a grant once out of 20 parallel calls with one key'],
    [
      'test/database/credits-key-budgets.spec.ts',
      'are not passed by requests at the same time in three processes',
    ],
  ],
  L39: [
    ['test/e2e/route-inputs.spec.ts', 'is not too long: bodies, lists, pages, headers'],
    ['test/database/identity-throttling.spec.ts', 'bounds sign-ups per hour'],
    [
      'test/database/identity-throttling.spec.ts',
      'of a class of routes refuse together with that of the user',
    ],
  ],
  L40: [
    ['test/e2e/route-inputs.spec.ts', 'by TRACE is not echoed, and CONNECT opens nothing'],
    ['test/e2e/route-rules.spec.ts', 'tells no secret, no SQL and no stack'],
    ['test/e2e/route-inputs.spec.ts', 'shows its documents only where the operator wants'],
  ],
  L41: [
    ['test/database/identity-keys.spec.ts', 'have no place in a URL'],
    ['test/e2e/raw-socket.spec.ts', 'refuses credentials in the URL'],
  ],
  L42: [
    ['test/e2e/security-log.spec.ts', 'tells of logins, good and bad'],
    ['test/e2e/security-log.spec.ts', 'tells of what callers may not do, on both planes'],
    ['test/e2e/security-log.spec.ts', 'has a line for each event and not one more'],
  ],
  L43: [
    ['test/e2e/route-rules.spec.ts', 'when %s breaks (L43)'],
    ['test/e2e/route-rules.spec.ts', 'when %s breaks on the data plane (L43)'],
  ],
  L44: [['test/architecture/outside-sockets.spec.ts', 'always verify certificates']],
  L45: [['test/e2e/route-rules.spec.ts', 'stands in the OpenAPI document, and nothing else does']],
  L46: [
    ['src/providers/farm-client.spec.ts', 'refuses an answer without end'],
    ['src/egress/probe.client.spec.ts', 'gives up in time, cuts long answers and follows no redirect'],
    ['test/contracts/vast-ai.adapter.spec.ts', 'checks every bound itself when the farm ignores the filters'],
    ['test/contracts/vast-ai.adapter.spec.ts', 'takes the dead list of v0 for a failure'],
  ],
};
