import { z } from 'zod';

export const userName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u, '1 to 64 letters, digits, space and . _ @ -');
export const userPassword = z.string().min(10, 'a password has at least 10 characters').max(256);
