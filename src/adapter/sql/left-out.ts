/**
 * Stands in the bundle (`alias` in wrangler.toml) for what `mysql2` brings and a session never asks for:
 * certificates of AWS (the platform's are believed), and character sets (all that is said is utf8mb4).
 */
export {}
