/** Whether the server would take it as the path of a node: absolute, no empty, `.` or `..` part, no control characters. */
export function isPath(path: string): boolean {
  if (path === '/') return true;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (!path.startsWith('/') || /[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(path)) return false;
  return path
    .slice(1)
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');
}
