// Makes xterm's DOM renderer work under a Content-Security-Policy without 'unsafe-inline'. The policy blocks two things
// that xterm does and has no option for: <style> elements (colors, cell sizes) and style attributes (24-bit colors).
// The patch gives new <style> elements the page's nonce and sets style attributes through the CSSOM, which is allowed.
// It does not weaken the policy: any script that runs here could do the same.

/** Patches the document. Call once, before the first terminal opens. The nonce is that of the island's script element. */
export function applyStyleNonce(page: Document): void {
  const nonce = page.querySelector<HTMLScriptElement>('script#island')?.nonce ?? '';
  const createElement = page.createElement.bind(page);
  page.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = createElement(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function set(this: Element, name: string, value: string): void {
    if (name === 'style' && this instanceof HTMLElement) this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}
