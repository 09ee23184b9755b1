-- What people gave to an app ends with it: found by the app, while it lives.
create index sessions_by_app on sessions (client_id) where revoked_at is null and client_id >= 'app_';
create index apps_by_removal on apps (revoked_at) where revoked_at is not null;
