/** The `data` of server-sent events in order, parsed, until the stream ends or breaks. */
export async function* eventsOf(response: Response): AsyncGenerator<unknown, void> {
  if (response.body === null) return;
  let text = "";
  try {
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        text = text.slice(end + 2);
        if (data !== undefined) yield JSON.parse(data);
      }
    }
  } catch {
    // The server has died: for a reader that is an end like any other.
  }
}
