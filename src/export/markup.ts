/** A relative address: what has a meaning in HTML, in srcset or in CSS is escaped. */
export function toUrl(name: string): string {
  const encode = (part: string) =>
    encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return name.split('/').map(encode).join('/');
}

/** Text inside HTML or XML, also between quotation marks. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] ?? sign);
}
