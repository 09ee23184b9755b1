-- Which member asked somebody in, until the vault of whoever was asked knows. Null where nobody is to be told so.
ALTER TABLE members ADD COLUMN invited_by INTEGER;
