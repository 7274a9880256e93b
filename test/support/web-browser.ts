// A browser without a window: it keeps cookies per origin, and returns redirects to the test.

export interface WebBrowser {
  /** Requests a page. Does not follow redirects. */
  get(url: string): Promise<Response>;
  /** Follows redirects until a page of `origin` is requested again. Returns its URL, which is not requested. */
  followTo(origin: string, location: string): Promise<string>;
  cookies(origin: string): Map<string, string>;
}

export function createWebBrowser(): WebBrowser {
  const jars = new Map<string, Map<string, string>>();

  function cookies(origin: string): Map<string, string> {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  }

  async function get(url: string): Promise<Response> {
    const jar = cookies(new URL(url).origin);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || line.includes('Max-Age=0')) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  return {
    get,
    cookies,
    async followTo(origin, location) {
      let url = location;
      while (new URL(url).origin !== origin) {
        const response = await get(url);
        const next = response.headers.get('location');
        if (next === null) throw new Error(`${url}: ${response.status} ${await response.text()}`);
        url = new URL(next, url).href;
      }
      return url;
    },
  };
}
