/** A queue whose messages go to a function, whichever way they are sent. */
export function testQueue(take: (bodies: unknown[]) => Promise<void>): Queue {
  const metrics = async () => ({ backlogCount: 0, backlogBytes: 0 });
  const done = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  return {
    metrics,
    async send(body) {
      await take([body]);
      return done;
    },
    async sendBatch(messages) {
      await take([...messages].map(({ body }) => body));
      return done;
    },
  };
}
