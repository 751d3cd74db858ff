// Settings for good, the talk for this tab. Where storage is switched off, everything lives as long as the page.

function read(storage, name, otherwise) {
  try {
    return JSON.parse(storage().getItem(name)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function write(storage, name, value) {
  try {
    storage().setItem(name, JSON.stringify(value));
  } catch {
    // full or switched off
  }
}

const device = () => localStorage;
const tab = () => sessionStorage;

export const settings = read(device, "csb.settings", {});

export function choose(change) {
  Object.assign(settings, change);
  write(device, "csb.settings", settings);
}

export const recall = (name, otherwise) => read(tab, `csb.${name}`, otherwise);
export const keep = (name, value) => write(tab, `csb.${name}`, value);
