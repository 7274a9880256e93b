// What xterm's DOM renderer needs under a Content-Security-Policy without 'unsafe-inline'. Two things of it are inline
// style in the policy's eyes: the <style> elements it makes for colours and cell sizes, and the style attributes it sets
// for 24-bit colours. It offers no option for either, so they are made legal here, for everything on this page:
// new <style> elements carry the page's nonce, and a style attribute is set through the CSSOM, which the policy allows.
// This loosens nothing: whoever can run script here can do both by hand.

/** Patches the document once, before the first terminal. The nonce is that of the island's own script element. */
export function allowOwnStyles(page: Document): void {
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
