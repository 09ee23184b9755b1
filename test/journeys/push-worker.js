/** The service worker of the page: shows what a push message says; the same notification again replaces it. */
self.addEventListener("push", (event) => {
  const { title, body, notification } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag: notification }));
});
