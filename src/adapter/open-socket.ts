/** `connect` of `cloudflare:sockets`. */
export type OpenSocket = (
  address: { hostname: string; port: number },
  options: { secureTransport: 'on' | 'off' | 'starttls'; allowHalfOpen: boolean },
) => Socket
