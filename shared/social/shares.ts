/** Addresses that open a network's own way to share, with words and a link filled in. Nothing is sent by opening one; who sends is the person. */
export interface Shares {
  readonly whatsapp: string;
  readonly telegram: string;
  readonly x: string;
  readonly facebook: string;
  /** RFC 5724. */
  readonly sms: string;
  /** RFC 6068. */
  readonly email: string;
}

/**
 * Builds them. `text` holds no link: each network puts `url` where it belongs. Instagram and TikTok open nothing by an address: there the system's
 * own sheet takes text and link. Sources: WhatsApp's click to chat, Telegram's share URL, X's web intent, Facebook's sharer, RFC 5724 and 6068.
 */
export function sharesOf(title: string, text: string, url: string): Shares {
  const both = `${text} ${url}`;
  return {
    whatsapp: `https://wa.me/?${query({ text: both })}`,
    telegram: `https://t.me/share/url?${query({ url, text })}`,
    x: `https://x.com/intent/tweet?${query({ text, url })}`,
    facebook: `https://www.facebook.com/sharer/sharer.php?${query({ u: url })}`,
    // Some telephones want the question mark, others the ampersand: together they please both.
    sms: `sms:?&${query({ body: both })}`,
    email: `mailto:?${query({ subject: title, body: both })}`,
  };
}

/** Spaces as %20: a plus is a plus in `sms:` and `mailto:`. Half a pair of surrogates would be no text. */
function query(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`)
    .join("&");
}
