// A request that waits for another one was put together before the response of that one changed the page. This reads what
// it includes (`hx-include`) again before it is sent, so that the hub does not repeat what the page has received meanwhile.
import { requestOf } from './htmx-request.ts';

export function initFreshValues(page: Document): void {
  page.addEventListener('htmx:before:request', (event) => {
    const { sourceElement, request } = requestOf(event);
    const selector = sourceElement.getAttribute('hx-include');
    if (selector === null || request.method !== 'GET') return;
    const inputs = [...page.querySelectorAll<HTMLInputElement>(selector)];
    const url = new URL(request.action, location.href);
    for (const { name } of inputs) url.searchParams.delete(name);
    for (const { name, value } of inputs) url.searchParams.append(name, value);
    request.action = url.pathname + url.search;
  });
}
