// Calls the public API: sends and receives JSON, and turns problems into `ApiError`.
import { language } from "./words.js";

const BASE = "/api/v1/";

/** An error: a problem from the server (RFC 9457), or `code` "offline" without an answer. */
export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || problem.code);
    this.status = problem.status || 0;
    this.code = problem.code || "unknown";
    this.detail = problem.detail || "";
    this.params = problem.params || {};
    this.errors = problem.errors || [];
    this.reasons = problem.reasons || [];
    this.requestId = problem.requestId || "";
  }
}

let onSignedOut = () => {};
/** Called when the server does not know the session any more. */
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

/** A key that makes a repeated POST return the first answer. */
export function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(method, path, { body, headers = {}, raw, signal } = {}) {
  const init = { method, headers: { Accept: "application/json", "Accept-Language": language, ...headers }, signal };
  if (raw) {
    init.body = raw;
  } else if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path.startsWith("/") ? path : BASE + path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError({ code: "offline" });
  }
  const text = await response.text().catch(() => "");
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  if (!response.ok) throw new ApiError({ status: response.status, code: "unknown", ...value });
  return value;
}

async function request(method, path, options = {}) {
  try {
    return await call(method, path, options);
  } catch (error) {
    if (error.status === 401 && !path.startsWith("auth/")) onSignedOut();
    throw error;
  }
}

/** Parameters as a query string. Lists repeat the name; empty values are left out. */
export function query(parameters) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "" && one !== false) pairs.append(name, String(one));
    }
  }
  const text = pairs.toString();
  return text ? `?${text}` : "";
}

export const api = {
  get: (path, options) => request("GET", path, options),
  post: (path, body, key) =>
    request("POST", path, { body, headers: key ? { "Idempotency-Key": key } : {} }),
  patch: (path, body, version) =>
    request("PATCH", path, { body, headers: version ? { "If-Match": `"${version}"` } : {} }),
  delete: (path) => request("DELETE", path),
  upload: (path, file) =>
    request("POST", path, { raw: file, headers: { "Content-Type": file.type || "application/pdf" } }),
};
