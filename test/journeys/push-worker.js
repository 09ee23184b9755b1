/**
 * The service worker of the page: shows what a push message says; the same notification again replaces it. A headless shell grants nobody to show
 * anything, whatever it was told: there the worker keeps what it was to show, and says it to the page.
 */
const refused = new Map();

self.addEventListener("push", (event) => {
  const { title, body, notification } = event.data.json();
  const shown = self.registration.showNotification(title, { body, tag: notification });
  event.waitUntil(
    shown.catch((error) => {
      if (Notification.permission !== "denied") throw error;
      refused.set(notification, { title, body, tag: notification });
    }),
  );
});

self.addEventListener("message", ({ ports }) => ports[0].postMessage([...refused.values()]));
