// A customer of the daemon who has rented the machine of the benchmark.
async function call(url, { headers, body } = {}) {
  const answer = await fetch(url, {
    method: body ? 'POST' : 'GET',
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export async function openAccount(url) {
  const api = `${url}/api/v1`;
  const login = { email: 'bench@example.com', password: 'a password of the benchmark' };
  await call(`${api}/auth/register`, { body: { ...login, name: 'Bench' } });
  const { tokens } = await call(`${api}/auth/login`, { body: login });
  const { api_key: key } = await call(`${api}/auth/apikey`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
    body: { name: 'bench' },
  });
  return key;
}

/** Resolves with the rental's ids when its machine answers. */
export async function rentMachine(url, key) {
  const api = `${url}/api/v1`;
  const headers = { 'x-api-key': key };
  const { instances } = await call(`${api}/gpu/instances`, { headers });
  await call(`${api}/gpu/instances/static/${instances[0].id}`, { headers, body: {} });
  for (;;) {
    const { rentals } = await call(`${api}/gpu/rentals`, { headers });
    if (rentals[0]?.serving) return { rentalId: rentals[0].id, instanceId: rentals[0].instance_id };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
