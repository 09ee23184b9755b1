export { directoryHashes, type EmailHash, type EmailHashes, normaliseEmail, regionalHashes } from "../../shared/crypto/email-hashes";
